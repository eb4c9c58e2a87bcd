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

/** Events of a run before it counts as one that never ends. */
const EVENTS_MAX = 200_000

/**
 * Time, chance and everything that waits, of all processes. Each step runs one event that is due,
 * chosen by the seed, and everything that follows from it without waiting.
 */
export class World {
  readonly dice: Dice
  /** The process whose event is running. */
  current: SimulatedProcess | undefined
  #events: WorldEvent[] = []
  #nowMs = 0
  #steps = 0
  #logHash = 0
  readonly #log: string[] | undefined
  readonly #eventsMax: number

  constructor(seed: number, keepLog: boolean, eventsMax = EVENTS_MAX) {
    this.#eventsMax = eventsMax
    this.dice = new Dice(seed)
    this.#log = keepLog ? [] : undefined
  }

  get nowMs(): number {
    return this.#nowMs
  }

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

  /** Time that passes while something computes. */
  spend(ms: number): void {
    this.#nowMs += ms
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

  /** Waits for the outer world, as the current process. Never ends if that dies. */
  wait(what: string, maxMs: number): Promise<void> {
    const process = this.current
    return new Promise((resolve) => {
      this.schedule(process, what, this.dice.unit() * maxMs, resolve)
    })
  }

  /** Runs one event; returns false if nothing can happen any more. */
  async step(): Promise<boolean> {
    this.#events = this.#events.filter(({ process }) => process?.state !== 'dead')
    const able = this.#events.filter(({ process }) => process?.state !== 'frozen')
    if (able.length === 0) return false
    const earliest = able.reduce((least, { atMs }) => Math.min(least, atMs), Number.POSITIVE_INFINITY)
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
