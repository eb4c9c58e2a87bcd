import { MalstromError, type OperatorContext, type RecordNames, type TaskCode, type TimestampAlgebra } from '@malstrom/core'

/** The outputs of an operator that generates epochs. */
export const ON_TIME = 0
export const LATE = 1

/** Lines that send a record to `late`, and count it, or to `onTime`. */
export function routeLines(code: TaskCode, context: OperatorContext, isLate: string, record: RecordNames): string {
  return `if (${isLate}) {\n${code.count(`${code.bind('counters', context.counters)}.late`)}\n${code.emit(record, LATE)}\n} else {\n${code.emit(record, ON_TIME)}\n}\n${code.resume()}`
}

/** Lines that tell a stream of records that may be late of the end, and of no other epoch. */
export function endLines(code: TaskCode, time: TimestampAlgebra<unknown>, epoch: string, output = LATE): string {
  return `if (${code.bind('isEnd', isEnd)}(${code.bind('time', time)}, ${epoch})) {\n${code.advance(epoch, output)}\n}`
}

export function isEnd(time: TimestampAlgebra<unknown>, epoch: unknown): boolean {
  return time.compare(epoch, time.max) >= 0
}

export function rejectEpoch(epoch: unknown): never {
  throw new MalstromError(
    'ERR_TIMESTAMP_INVALID',
    `The epoch generator returned ${String(epoch)}, which is no timestamp. Return undefined for no epoch.`,
  )
}
