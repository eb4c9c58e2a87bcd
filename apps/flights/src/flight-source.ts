import { numberTime, type Source, type SourceOutput, type SourcePartition, type SourceStatus } from '@malstrom/core'
import type { Flight, FlightColumns } from './flights.ts'
import { MINUTE_MS } from './units.ts'

/**
 * Flights as a source: one partition, and the timestamp of a flight is when it left. `load` is called
 * when the job starts. The position is the number of flights read, so a restart goes on exactly there.
 */
export function flightSource(load: () => Promise<FlightColumns> | FlightColumns): Source<Flight, number, 'all', number> {
  return {
    time: numberTime,
    listPartitions: () => ['all'],
    openPartition: async (_partition, position = 0) => new FlightPartition(await load(), position),
  }
}

class FlightPartition implements SourcePartition<Flight, number, number> {
  readonly #columns: FlightColumns
  #position: number
  readonly #flights: Flight[] = []
  #timestamps = new Float64Array(0)

  constructor(columns: FlightColumns, position: number) {
    this.#columns = columns
    this.#position = position
  }

  poll(output: SourceOutput<Flight, number>, limit: number): SourceStatus {
    const start = this.#position
    const count = Math.min(limit, this.#columns.count - start)
    this.#fill(start, count)
    if (count > 0) output.emitAll(this.#flights, 0, count, this.#timestamps)
    this.#position = start + count
    return this.#position === this.#columns.count ? 'finished' : 'more'
  }

  /** Makes records of the next flights. The arrays are used again by every poll. */
  #fill(start: number, count: number): void {
    if (this.#timestamps.length < count) this.#timestamps = new Float64Array(count)
    const { airports, origins, delayMinutes, departureMinutes } = this.#columns
    for (let i = 0; i < count; i++) {
      const row = start + i
      this.#flights[i] = { origin: airports[origins[row] as number] as string, delayMinutes: delayMinutes[row] as number }
      this.#timestamps[i] = (departureMinutes[row] as number) * MINUTE_MS
    }
  }

  async ready(): Promise<void> {}

  snapshot(): number {
    return this.#position
  }

  close(): void {}
}
