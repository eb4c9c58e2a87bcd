import { type JobGraph, MalstromError, type TimestampAlgebra } from '@malstrom/core'
import { encodeValue } from '../codec/columns.ts'

/**
 * Refuses a job whose timestamps could not be saved, or sent to other workers, before it begins: otherwise the first snapshot would fail.
 * What can be told without a record are the ends of the time, which are timestamps too.
 *
 * @throws MalstromError `ERR_VALUE_NOT_ENCODABLE`
 */
export function checkTimes({ name: job, nodes }: JobGraph): void {
  const checked = new Set<TimestampAlgebra<unknown>>()
  for (const node of nodes) {
    const times = [...(node.role === 'source' ? [] : [node.inputTime]), ...(node.role === 'sink' ? [] : [node.outputTime])]
    for (const time of times) {
      if (checked.has(time)) continue
      checked.add(time)
      try {
        encodeValue([time.min, time.max])
      } catch (error) {
        throw new MalstromError(
          'ERR_VALUE_NOT_ENCODABLE',
          `The timestamps at "${node.name}" of job "${job}" cannot be saved or sent to other workers: ${nameOf(time.min)}. Let timestamps be plain values ` +
            '(numbers, bigints, strings, dates, or arrays and plain objects of those), and keep the functions that compare them in their TimestampAlgebra.',
          { cause: error, context: { job, operator: node.name } },
        )
      }
    }
  }
}

function nameOf(timestamp: unknown): string {
  const name = typeof timestamp === 'object' && timestamp !== null ? timestamp.constructor?.name : undefined
  return `the smallest one is ${name === undefined ? `a ${typeof timestamp}` : `an instance of ${name}`}`
}
