// #region source
import { numberTime, type Source } from '@malstrom/core'
import { sourceSuite } from '@malstrom/testing'

/** The numbers below `end`. Its state is the number that comes next. */
function numbersBelow(end: number): Source<number, number, string, number> {
  return {
    time: numberTime,
    listPartitions: () => ['numbers'],
    openPartition(_partition, next = 0) {
      return {
        poll(output, limit) {
          for (const stop = Math.min(end, next + limit); next < stop; next++) output.emit(next, next)
          return next < end ? 'more' : 'finished'
        },
        ready: async () => {},
        snapshot: () => next,
        close() {},
      }
    },
  }
}

sourceSuite('numbersBelow', {
  create: () => numbersBelow(3),
  expected: [{ partition: 'numbers', records: [0, 1, 2].map((n) => ({ value: n, timestamp: n })) }],
})
// #endregion
