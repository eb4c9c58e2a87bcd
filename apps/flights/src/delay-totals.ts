/** A flight that arrives later than this counts as delayed. */
export const DELAYED_MINUTES = 15

/** What is kept of a group of flights: whole numbers, so the order in which flights are added makes no difference. */
export interface DelayTotals {
  flights: number
  delayMinutes: number
  /** Flights that arrived more than `DELAYED_MINUTES` late. */
  delayed: number
  worstDelayMinutes: number
}

export function noFlights(): DelayTotals {
  return { flights: 0, delayMinutes: 0, delayed: 0, worstDelayMinutes: Number.NEGATIVE_INFINITY }
}

export function addFlight(totals: DelayTotals, delayMinutes: number): void {
  totals.flights++
  totals.delayMinutes += delayMinutes
  if (delayMinutes > DELAYED_MINUTES) totals.delayed++
  if (delayMinutes > totals.worstDelayMinutes) totals.worstDelayMinutes = delayMinutes
}

export function addTotals(totals: DelayTotals, more: DelayTotals): void {
  totals.flights += more.flights
  totals.delayMinutes += more.delayMinutes
  totals.delayed += more.delayed
  if (more.worstDelayMinutes > totals.worstDelayMinutes) totals.worstDelayMinutes = more.worstDelayMinutes
}

/** The totals of at least one flight as people read them. */
export interface DelayStatistics {
  readonly flights: number
  readonly averageDelayMinutes: number
  /** The share of flights that arrived more than 15 minutes late, from 0 to 1. */
  readonly delayedShare: number
  readonly worstDelayMinutes: number
}

export function statisticsOf({ flights, delayMinutes, delayed, worstDelayMinutes }: DelayTotals): DelayStatistics {
  return {
    flights,
    averageDelayMinutes: rounded(delayMinutes / flights, 2),
    delayedShare: rounded(delayed / flights, 4),
    worstDelayMinutes,
  }
}

/** Rounded to a number of decimals, and never `-0`. */
export function rounded(value: number, decimals: number): number {
  const factor = 10 ** decimals
  return Math.round(value * factor) / factor + 0
}
