import type { StatefulLogic } from 'malstrom'
import type { LogLine } from './log-line.ts'

/** A service has had too many errors in a minute. */
export interface Alert {
  readonly service: string
  /** Where the minute begins, such as `2026-01-02T03:04Z`. */
  readonly minute: string
  /** How many errors there were when it was noticed. */
  readonly errors: number
  /** The last of them. */
  readonly message: string
}

const MINUTE_MS = 60_000

/**
 * Counts the errors of each service by the minute in which they happened, and emits an alert when a minute reaches `threshold`,
 * once. Minutes that are over, by the frontier, are forgotten.
 */
export function errorCounts(threshold: number): StatefulLogic<string, LogLine, Alert, number, Map<number, number>> {
  // An epoch may follow every record; minutes end only when the frontier comes into another one.
  let frontierMinute = Number.NEGATIVE_INFINITY
  return {
    init: () => new Map(),
    onData({ at, message }, counts, output, service, timestamp) {
      const start = at - (at % MINUTE_MS)
      const errors = (counts.get(start) ?? 0) + 1
      counts.set(start, errors)
      if (errors === threshold) output.emit({ service, minute: minuteText(start), errors, message }, service, timestamp)
      return counts
    },
    onEpoch(epoch, states) {
      const minute = Math.floor(epoch / MINUTE_MS)
      if (minute === frontierMinute) return
      frontierMinute = minute
      for (const [service, counts] of states) {
        const open = [...counts].filter(([start]) => start + MINUTE_MS > epoch)
        if (open.length === 0) states.delete(service)
        else if (open.length < counts.size) states.set(service, new Map(open))
      }
    },
  }
}

function minuteText(start: number): string {
  return new Date(start).toISOString().replace(':00.000Z', 'Z')
}
