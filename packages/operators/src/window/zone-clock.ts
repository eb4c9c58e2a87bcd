import { MalstromError } from '@malstrom/core'

const DAY_MS = 86_400_000

/** Years for which calendars are reckoned: 1 to 9999, with room at both sides. */
const EARLIEST_MS = -62_100_000_000_000
const LATEST_MS = 253_300_000_000_000

/** What clocks on the wall show in a time zone. Local times are milliseconds as if the zone were UTC. */
export class ZoneClock {
  readonly #format: Intl.DateTimeFormat

  constructor(owner: string, timeZone: string) {
    try {
      if (typeof timeZone !== 'string') throw new RangeError('no text')
      this.#format = new Intl.DateTimeFormat('en-US', {
        timeZone,
        calendar: 'gregory',
        numberingSystem: 'latn',
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
      })
    } catch (cause) {
      throw new MalstromError(
        'ERR_OPERATOR_ARGUMENT',
        `${owner} does not know the time zone "${String(timeZone)}". Give an IANA name such as "Europe/Berlin" or "UTC".`,
        { cause },
      )
    }
  }

  /** Whether the calendar reaches so far. */
  knows(ms: number): boolean {
    return ms >= EARLIEST_MS && ms <= LATEST_MS
  }

  /** The local time at an instant. */
  localOf(ms: number): number {
    const parts: Record<string, number> = {}
    for (const { type, value } of this.#format.formatToParts(ms)) parts[type] = Number(value)
    const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = parts
    const date = new Date(0)
    date.setUTCFullYear(year, month - 1, day)
    const msOfSecond = ((ms % 1_000) + 1_000) % 1_000
    return date.getTime() + hour * 3_600_000 + minute * 60_000 + second * 1_000 + msOfSecond
  }

  /**
   * The instant at which clocks show `localMs`: the first one if they do so twice, and the moment after the jump
   * if they never do, as `atStartOfDay` of java.time has it.
   */
  instantOf(localMs: number): number {
    const before = this.#offsetAt(localMs - DAY_MS)
    const after = this.#offsetAt(localMs + DAY_MS)
    const candidates = [localMs - before, localMs - after].sort((a, b) => a - b)
    const exact = candidates.find((ms) => this.localOf(ms) === localMs)
    return exact ?? this.#jumpOver(localMs)
  }

  /** The first instant at which clocks show more than `localMs`, which they skip. */
  #jumpOver(localMs: number): number {
    let low = localMs - DAY_MS - DAY_MS
    let high = localMs + DAY_MS + DAY_MS
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (this.localOf(middle) < localMs) low = middle
      else high = middle
    }
    return high
  }

  #offsetAt(ms: number): number {
    return this.localOf(ms) - ms
  }
}
