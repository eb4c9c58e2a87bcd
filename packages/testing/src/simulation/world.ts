import { hashString } from '@malstrom/core'
import { Dice } from './dice.ts'

/** A process of the simulated world. Nothing of a dead one happens any more; a frozen one goes on where it was. */
export interface SimulatedProcess {
  readonly id: number
  state: 'running' | 'frozen' | 'dead'
}

interface WorldEvent {
  readonly process: SimulatedProcess | undefined
  readonly what: string
  readonly atMs: number
  readonly run: () => void
}

export interface WorldOptions {
  /** Keep the texts of all events, to read. @default false */
  readonly log?: boolean
  /**
   * How long everything takes: 1 is as long as the dice say, with 0 everything happens at once and time passes
   * only when it is told to.
   *
   * @default 1
   */
  readonly pace?: 0 | 1
  /** Events before a run counts as one that never ends. @default 200_000 */
  readonly eventsMax?: number
}

/**
 * Time, chance and everything that waits, of all processes. Each step runs one event that is due,
 * chosen by the seed, and everything that follows from it without waiting.
 */
export class World {
  readonly dice: Dice
  readonly pace: 0 | 1
  /** The process whose event is running. */
  current: SimulatedProcess | undefined
  readonly #eventsMax: number
  #events: WorldEvent[] = []
  #nowMs = 0
  #steps = 0
  #logHash = 0
  readonly #log: string[] | undefined

  constructor(seed: number, { log = false, pace = 1, eventsMax = 200_000 }: WorldOptions = {}) {
    this.dice = new Dice(seed)
    this.pace = pace
    this.#eventsMax = eventsMax
    this.#log = log ? [] : undefined
  }

  get nowMs(): number {
    return this.#nowMs
  }

  /** Events so far. */
  get steps(): number {
    return this.#steps
  }

  /** The hash of everything that happened: equal for equal runs. */
  get logHash(): string {
    return (this.#logHash >>> 0).toString(16).padStart(8, '0')
  }

  get log(): readonly string[] {
    return this.#log ?? []
  }

  /** Time that passes while something computes; where time stands still, it is counted as a step. */
  spend(ms: number): void {
    this.#nowMs += ms * this.pace
    if (this.pace === 0) this.#steps++
  }

  /** When the next event is due; `undefined` if nothing can happen any more. */
  get nextMs(): number | undefined {
    const dueMs = this.#able().map(({ atMs }) => atMs)
    return dueMs.length === 0 ? undefined : dueMs.reduce((least, atMs) => Math.min(least, atMs))
  }

  /** Lets time pass in which nothing happens. */
  passUntil(ms: number): void {
    this.#nowMs = Math.max(this.#nowMs, ms)
  }

  note(text: string): void {
    this.#logHash = hashString(text, this.#logHash)
    this.#log?.push(`${this.#nowMs.toFixed(2)} ms  ${text}`)
  }

  schedule(process: SimulatedProcess | undefined, what: string, delayMs: number, run: () => void): () => void {
    const event = { process, what, atMs: this.#nowMs + delayMs, run }
    this.#events.push(event)
    return () => {
      this.#events = this.#events.filter((other) => other !== event)
    }
  }

  /** Waits for the outer world, by default as the current process. Never ends if that dies. */
  wait(what: string, maxMs: number, process = this.current): Promise<void> {
    return new Promise((resolve) => {
      this.schedule(process, what, this.dice.unit() * maxMs * this.pace, resolve)
    })
  }

  /** Runs one event that is due until `untilMs`; returns false if there is none. */
  async step(untilMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    const able = this.#able()
    const earliest = able.reduce((least, { atMs }) => Math.min(least, atMs), Number.POSITIVE_INFINITY)
    if (able.length === 0 || earliest > untilMs) return false
    this.#nowMs = Math.max(this.#nowMs, earliest)
    const event = this.dice.pick(able.filter(({ atMs }) => atMs <= this.#nowMs))
    this.#events.splice(this.#events.indexOf(event), 1)
    if (++this.#steps > this.#eventsMax)
      throw new Error(`The simulation has not ended after ${this.#eventsMax} events; the last was "${event.what}".`)
    this.note(`${event.process === undefined ? 'world' : `process ${event.process.id}`}: ${event.what}`)
    this.current = event.process
    event.run()
    await settled()
    this.current = undefined
    return true
  }

  /** What can happen, now or later. */
  #able(): WorldEvent[] {
    this.#events = this.#events.filter(({ process }) => process?.state !== 'dead')
    return this.#events.filter(({ process }) => process?.state !== 'frozen')
  }

  /** What waits, for the message of a run that cannot go on. */
  get waiting(): string {
    return this.#events.map(({ what, process }) => `${what} (${process?.state ?? 'world'})`).join(', ')
  }
}

/** Resolves when all promises that were settled have been heard of. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
