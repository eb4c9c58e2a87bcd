import { type Link, type LinkEvents, MalstromError, messageOf, type PeerId, type ProcessAddress, type WorkerId } from '@malstrom/core'
import { CallLink } from '../control/call-link.ts'
import { withDeadline } from '../worker/deadline.ts'
import type { Environment } from '../worker/environment.ts'
import type { Assignment, ClusterEnd } from './cluster-messages.ts'

/** How long a process may take to hear that the job is over. */
const OVER_MS = 2_000

export interface MemberOptions {
  readonly place: ProcessAddress
  readonly environment: Environment
  /** A process that does not answer for so long counts as lost. */
  readonly silenceMs: number
  open(events: LinkEvents): Link
  answer(member: ClusterMember, method: string, args: readonly unknown[]): Promise<unknown>
  /** It has changed whether it can become a worker. */
  changed(member: ClusterMember, why: string): void
}

/**
 * `visitor`: it has joined no job, and may only want to ask. `joining`: it builds the graph. `spare`: it can become a worker.
 * `worker`: it is one. `gone`: it counts as lost, or has left.
 */
export type MemberState = 'visitor' | 'joining' | 'spare' | 'worker' | 'gone'

/** The coordinator's side of the link to a process that joins. */
export class ClusterMember {
  /** Resolves with the reason when it is gone. */
  readonly gone: Promise<string>
  readonly #options: MemberOptions
  readonly #calls: CallLink
  #state: MemberState = 'visitor'
  #leave: (why: string) => void = () => {}

  constructor(options: MemberOptions) {
    this.#options = options
    this.gone = new Promise((resolve) => {
      this.#leave = resolve
    })
    this.#calls = new CallLink({
      open: (events) => options.open(events),
      answer: (method, args) => options.answer(this, method, args),
      told: () => {},
      failed: (error) => this.#become('gone', error.message),
    })
    this.#calls.listen()
  }

  get place(): ProcessAddress {
    return this.#options.place
  }

  get address(): string {
    return this.#options.place.address
  }

  get state(): MemberState {
    return this.#state
  }

  joins(): void {
    this.#become('joining', 'it joins')
  }

  isReady(): void {
    if (this.#state !== 'gone') this.#become('spare', 'it has joined')
  }

  /** It becomes a worker; resolves when it listens for the others. */
  async begin(assignment: Assignment): Promise<void> {
    this.#become('worker', `it becomes worker ${assignment.worker}`)
    await this.#ask(`to become worker ${assignment.worker}`, 'begin', [assignment])
  }

  tellPeer(peer: PeerId, place: ProcessAddress): void {
    this.#calls.tell('peer', [peer, place])
  }

  /** It is no worker any more; resolves when it is ready to become one again, or gone. */
  async free(worker: WorkerId): Promise<void> {
    if (this.#state !== 'worker') return
    try {
      await this.#ask(`to end worker ${worker}`, 'end', [])
    } catch {
      // The question has dismissed it.
      return
    }
    if (this.#state === 'worker') this.#become('spare', `it is no longer worker ${worker}`)
  }

  async ping(): Promise<void> {
    // Who does not answer is dismissed.
    if (this.#state === 'spare') await this.#ask('to give a sign of life', 'ping', []).catch(() => {})
  }

  /** It counts as lost. If it is still there, it may join again. */
  dismiss(why: string): void {
    if (this.#state === 'gone') return
    this.#calls.tell('dismissed', [why])
    this.#become('gone', why)
  }

  left(why: string): void {
    this.#become('gone', why)
  }

  /** Tells it that the job has ended. */
  async over(end: ClusterEnd): Promise<void> {
    if (this.#state === 'gone' || this.#state === 'visitor') return
    this.#state = 'gone'
    // Who does not hear it will find nobody here.
    await withDeadline(this.#options.environment, OVER_MS, this.address, this.#calls.call('over', [end])).catch(() => {})
  }

  async #ask(what: string, method: string, args: readonly unknown[]): Promise<void> {
    const { environment, silenceMs } = this.#options
    try {
      await withDeadline(environment, silenceMs, `the process at ${this.address} ${what}`, this.#calls.call(method, args))
    } catch (error) {
      this.dismiss(messageOf(error))
      throw new MalstromError('ERR_WORKER_LOST', `The process at ${this.address} is lost: ${messageOf(error)}`, { cause: error })
    }
  }

  #become(state: MemberState, why: string): void {
    if (this.#state === 'gone') return
    const wasVisitor = this.#state === 'visitor'
    this.#state = state
    if (state === 'gone') this.#leave(why)
    if (!wasVisitor || state !== 'gone') this.#options.changed(this, why)
  }
}
