import { MalstromError } from '@malstrom/core'
import { turns } from '../event-loop.ts'
import type { SimulatedProcess, World } from '../simulation/world.ts'

/** Turns of the event loop in which nothing happens before a wait counts as one in vain. */
const IDLE_TURNS_MAX = 50_000

export interface VirtualDriveOptions {
  readonly world: World
  readonly job: string
  /** Steps at one instant of virtual time before the job counts as one that never rests. */
  readonly stepsMax: number
  /** What the outer world has not answered; `undefined` if there is nothing to wait for. */
  pending(): string | undefined
  /** What the job has done so far, for a message. */
  progress(): string
}

/** Drives a world until nothing can be done any more, and lets its time pass. */
export class VirtualDrive {
  readonly #options: VirtualDriveOptions

  constructor(options: VirtualDriveOptions) {
    this.#options = options
  }

  /** Runs everything that can be done without time passing. @throws MalstromError `ERR_TEST_UNSETTLED` */
  async settle(): Promise<void> {
    const { pending } = this.#options
    await this.#run(() => pending() === undefined, pending)
  }

  /** The same, and waits for `done`, which may need the outer world. */
  async until(done: () => boolean, what: () => string): Promise<void> {
    if (!done()) await this.#run(done, what)
  }

  /** Runs `action` as an event of `process`; `gone` says that nobody will hear of its end. */
  async perform<R>(process: SimulatedProcess | undefined, what: string, action: () => Promise<R>, gone: () => boolean): Promise<R> {
    let outcome: { readonly settled: Promise<R> } | undefined
    this.#options.world.schedule(process, what, 0, () => {
      const acted = action()
      const settled = () => {
        outcome = { settled: acted }
      }
      acted.then(settled, settled)
    })
    await this.until(
      () => outcome !== undefined || gone(),
      () => what,
    )
    if (outcome !== undefined && !gone()) return outcome.settled
    throw new MalstromError('ERR_NOT_RUNNING', `Job "${this.#options.job}" has crashed before ${what} was complete.`, {
      context: { job: this.#options.job },
      outcome: 'unknown',
    })
  }

  /** Lets time pass until `untilMs`; what is due happens in the order of time. */
  async advanceTo(untilMs: number): Promise<void> {
    const { world } = this.#options
    for (;;) {
      await this.settle()
      const nextMs = world.nextMs
      if (nextMs === undefined || nextMs > untilMs) break
      world.passUntil(nextMs)
    }
    world.passUntil(untilMs)
  }

  /** Ends when nothing is due now and `rests`; what it waits for is named if that never comes. */
  async #run(rests: () => boolean, what: () => string | undefined): Promise<void> {
    const { world, stepsMax } = this.#options
    const last = world.steps + stepsMax
    for (let idleTurns = 0; ; ) {
      if (await world.step(world.nowMs)) {
        idleTurns = 0
        if (world.steps > last) this.#neverRests()
      } else if (idleTurns > 0 && rests()) return
      else if (++idleTurns > IDLE_TURNS_MAX) this.#inVain(what() ?? 'nothing')
      else await turns(1)
    }
  }

  #neverRests(): never {
    const { job, world, stepsMax, progress } = this.#options
    throw new MalstromError(
      'ERR_TEST_UNSETTLED',
      `Job "${job}" does not come to rest: after ${stepsMax} steps at ${world.nowMs} ms it has ${progress()}, and goes on. Does a source never end? Raise stepsMax if that is right.`,
      { context: { job } },
    )
  }

  #inVain(what: string): never {
    const { job } = this.#options
    throw new MalstromError('ERR_TEST_UNSETTLED', `Job "${job}": waited in vain for ${what}. Nothing happens any more.`, {
      context: { job },
    })
  }
}
