import { nextTick } from 'node:process'
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
  /**
   * The event loop gets a turn after so many events. In a turn, Node tells which promises were rejected that nobody had handled by then, and
   * what does not belong to the world goes on. Turns are a good part of what a simulation costs.
   *
   * @default 1
   */
  readonly turnEvery?: number
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
  readonly #turnEvery: number
  readonly #events: WorldEvent[] = []
  /** Where the events are that are due: the first `#dueCount` numbers, as an array that becomes shorter loses its memory. */
  readonly #due: number[] = []
  #dueCount = 0
  #nowMs = 0
  #steps = 0
  #logHash = 0
  readonly #log: string[] | undefined

  constructor(seed: number, { log = false, pace = 1, eventsMax = 200_000, turnEvery = 1 }: WorldOptions = {}) {
    this.dice = new Dice(seed)
    this.pace = pace
    this.#eventsMax = eventsMax
    this.#turnEvery = turnEvery
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
    const earliest = this.#findDue()
    return earliest === Number.POSITIVE_INFINITY ? undefined : earliest
  }

  /** Lets time pass in which nothing happens. */
  passUntil(ms: number): void {
    this.#nowMs = Math.max(this.#nowMs, ms)
  }

  note(text: string): void {
    this.#logHash = hashString(text, this.#logHash)
    this.#log?.push(`${this.#nowMs.toFixed(2)} ms  ${text}`)
  }

  /** `note`, without a text that nobody is going to read. */
  #noteEvent({ process, what }: WorldEvent): void {
    if (this.#log !== undefined)
      this.#log.push(`${this.#nowMs.toFixed(2)} ms  ${process === undefined ? 'world' : `process ${process.id}`}: ${what}`)
    this.#logHash = hashString(what, (this.#logHash + (process === undefined ? 0 : process.id)) | 0)
  }

  schedule(process: SimulatedProcess | undefined, what: string, delayMs: number, run: () => void): () => void {
    const event = { process, what, atMs: this.#nowMs + delayMs, run }
    this.#events.push(event)
    return () => {
      const at = this.#events.indexOf(event)
      if (at >= 0) this.#events.splice(at, 1)
    }
  }

  /** Waits for the outer world, by default as the current process. Never ends if that dies. */
  wait(what: string, maxMs: number, process = this.current): Promise<void> {
    return new Promise((resolve) => {
      this.schedule(process, what, this.dice.unit() * maxMs * this.pace, resolve)
    })
  }

  /** Runs one event that is due until `untilMs`; returns false if there is none. */
  step(untilMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    const earliest = this.#findDue()
    if (earliest === Number.POSITIVE_INFINITY || earliest > untilMs) return NOTHING
    if (earliest > this.#nowMs) this.#nowMs = earliest
    const event = this.#take(this.#due[this.dice.below(this.#dueCount)] as number)
    if (++this.#steps > this.#eventsMax)
      throw new Error(`The simulation has not ended after ${this.#eventsMax} events; the last was "${event.what}".`)
    this.#noteEvent(event)
    this.current = event.process
    event.run()
    // When all promises that are settled by now have been heard of; every so often after a turn of the event loop.
    return new Promise((resolve) => {
      const settled = () => {
        this.current = undefined
        resolve(true)
      }
      if (this.#steps % this.#turnEvery === 0) setImmediate(settled)
      else nextTick(settled)
    })
  }

  /** Whether nothing can happen any more but events like this. */
  awaitsOnly(what: string): boolean {
    return this.#events.every((event) => event.what === what || event.process?.state === 'dead')
  }

  /**
   * When the next event is due that can happen, infinity if there is none; forgets what cannot happen any more. In `#due` there is then
   * what is due at that time, or by now if that is later.
   */
  #findDue(): number {
    const events = this.#events
    const due = this.#due
    const nowMs = this.#nowMs
    // Numbers throughout, which V8 then keeps in registers: this looks at each event that waits, for each that happens.
    let earliest = Number.POSITIVE_INFINITY
    // What is due until then is among those from which the dice choose.
    let untilMs = nowMs
    let kept = 0
    let dueCount = 0
    for (let i = 0; i < events.length; i++) {
      const event = events[i] as WorldEvent
      const state = event.process === undefined ? 'running' : event.process.state
      if (state === 'dead') continue
      if (kept < i) events[kept] = event
      if (state === 'running') {
        const { atMs } = event
        if (atMs < earliest) {
          earliest = atMs
          if (untilMs > nowMs || atMs > nowMs) {
            untilMs = atMs > nowMs ? atMs : nowMs
            dueCount = 0
          }
        }
        if (atMs <= untilMs) due[dueCount++] = kept
      }
      kept++
    }
    if (kept < events.length) events.length = kept
    this.#dueCount = dueCount
    return earliest
  }

  /** Takes out an event; the others stay in their order. */
  #take(index: number): WorldEvent {
    const events = this.#events
    const event = events[index] as WorldEvent
    for (let i = index + 1; i < events.length; i++) events[i - 1] = events[i] as WorldEvent
    events.pop()
    return event
  }

  /** What waits, for the message of a run that cannot go on. */
  get waiting(): string {
    return this.#events.map(({ what, process }) => `${what} (${process?.state ?? 'world'})`).join(', ')
  }
}

const NOTHING = Promise.resolve(false)
