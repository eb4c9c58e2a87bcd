import { median, relativeSpread } from './statistics.ts'

/** One result. `value` is the median over the runs, `spread` their interquartile range divided by it. */
export interface Figure {
  readonly case: string
  readonly metric: string
  readonly value: number
  readonly unit: string
  readonly node: string
  readonly runs: number
  readonly spread: number
}

export function figureOf(caseName: string, metric: string, unit: string, samples: readonly number[]): Figure {
  return {
    case: caseName,
    metric,
    value: rounded(median(samples)),
    unit,
    node: process.version,
    runs: samples.length,
    spread: rounded(relativeSpread(samples)),
  }
}

/** The figure as one line of a table. */
export function tableLine({ case: caseName, metric, value, unit, runs, spread }: Figure): string {
  const number = value.toLocaleString('en', { maximumSignificantDigits: 4 })
  const share = `±${(spread * 50).toFixed(1)}%`
  return `${caseName.padEnd(20)}${metric.padEnd(34)}${number.padStart(14)} ${unit.padEnd(10)}${share.padStart(8)}  ${runs} runs`
}

function rounded(value: number): number {
  return Number(value.toPrecision(4))
}
