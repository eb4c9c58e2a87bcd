import { bigintTime, numberTime, type TimestampAlgebra } from '@malstrom/core'

/** Whether `a` is not after `b`. */
export type NotAfter = (a: unknown, b: unknown) => boolean

export function notAfterOf(time: TimestampAlgebra<unknown>): NotAfter {
  const ordered = time === (numberTime as unknown) || time === (bigintTime as unknown)
  return ordered ? (a, b) => (a as number) <= (b as number) : (a, b) => time.compare(a, b) <= 0
}
