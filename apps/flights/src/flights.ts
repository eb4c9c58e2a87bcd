/** One flight. The time it left is the timestamp of its record. */
export interface Flight {
  /** IATA code of the airport it left from. */
  readonly origin: string
  /** Minutes it arrived after its schedule; negative if it was early. */
  readonly delayMinutes: number
}

/** Flights as columns, in the order in which they left. Three million objects would need ten times the memory. */
export interface FlightColumns {
  readonly count: number
  /** When each flight left: minutes since 1970, in the local time of its origin. */
  readonly departureMinutes: Int32Array
  readonly delayMinutes: Int16Array
  /** Positions in `airports`. */
  readonly origins: Uint16Array
  /** The IATA codes that occur. */
  readonly airports: readonly string[]
}

/** Collects flights in any order. */
export class FlightColumnsBuilder {
  readonly #departureMinutes: Int32Array
  readonly #delayMinutes: Int16Array
  readonly #origins: Uint16Array
  readonly #airports: string[] = []
  readonly #indexOfAirport = new Map<string, number>()
  readonly #count: number

  constructor(count: number) {
    this.#count = count
    this.#departureMinutes = new Int32Array(count)
    this.#delayMinutes = new Int16Array(count)
    this.#origins = new Uint16Array(count)
  }

  setDeparture(row: number, minute: number): void {
    this.#departureMinutes[row] = minute
  }

  setDelay(row: number, minutes: number): void {
    this.#delayMinutes[row] = minutes
  }

  setOrigin(row: number, airport: string): void {
    let index = this.#indexOfAirport.get(airport)
    if (index === undefined) {
      index = this.#airports.push(airport) - 1
      this.#indexOfAirport.set(airport, index)
    }
    this.#origins[row] = index
  }

  /** The flights in the order of their departure; those of the same minute stay in the order in which they were given. */
  sorted(): FlightColumns {
    const columns = {
      count: this.#count,
      departureMinutes: this.#departureMinutes,
      delayMinutes: this.#delayMinutes,
      origins: this.#origins,
      airports: this.#airports,
    }
    return isAscending(this.#departureMinutes) ? columns : inDepartureOrder(columns)
  }
}

function isAscending(column: Int32Array): boolean {
  for (let i = 1; i < column.length; i++) if ((column[i] as number) < (column[i - 1] as number)) return false
  return true
}

function inDepartureOrder(flights: FlightColumns): FlightColumns {
  const { count, departureMinutes, delayMinutes, origins } = flights
  const order = Uint32Array.from({ length: count }, (_, row) => row)
  // The sort of typed arrays is stable where the comparison says so, hence the row at the end.
  order.sort((a, b) => (departureMinutes[a] as number) - (departureMinutes[b] as number) || a - b)
  return {
    ...flights,
    departureMinutes: departureMinutes.map((_, i) => departureMinutes[order[i] as number] as number),
    delayMinutes: delayMinutes.map((_, i) => delayMinutes[order[i] as number] as number),
    origins: origins.map((_, i) => origins[order[i] as number] as number),
  }
}
