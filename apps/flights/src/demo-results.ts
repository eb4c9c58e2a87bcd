import type { Collected } from './result-sink.ts'
import type { AirportResult, DayResult, HourResult } from './results.ts'

interface Counts {
  readonly hour: number
  readonly day: number
  readonly epochs: number
  readonly lastEpoch: number | undefined
}

/** How many windows and epochs there were. */
export class WindowCounts implements Collected<HourResult | DayResult, Counts> {
  hour = 0
  day = 0
  epochs = 0
  lastEpoch: number | undefined

  add({ type }: HourResult | DayResult): void {
    this[type]++
  }

  addEpoch(epoch: number): void {
    this.epochs++
    if (epoch !== Number.POSITIVE_INFINITY) this.lastEpoch = epoch
  }

  save(): Counts {
    const { hour, day, epochs, lastEpoch } = this
    return { hour, day, epochs, lastEpoch }
  }

  restore(saved: Counts): void {
    Object.assign(this, saved)
  }
}

/** Every airport, at the end. */
export class AirportResults implements Collected<AirportResult, readonly AirportResult[]> {
  #airports: AirportResult[] = []

  /** By number of flights. */
  get sorted(): AirportResult[] {
    return this.#airports.sort((a, b) => b.flights - a.flights || (a.airport < b.airport ? -1 : 1))
  }

  add(airport: AirportResult): void {
    this.#airports.push(airport)
  }

  save(): readonly AirportResult[] {
    return [...this.#airports]
  }

  restore(saved: readonly AirportResult[]): void {
    this.#airports = [...saved]
  }
}
