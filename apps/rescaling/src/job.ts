import { defineJob, diskPersistence, forEach, numberTime, type Source } from 'malstrom'

export interface Params {
  /** Where the totals are kept. */
  readonly directory: string
  /** Numbers of each of the two partitions. */
  readonly numbers: number
  /** Time between ten numbers and the next ten, in milliseconds. */
  readonly pauseMs: number
  /** Whether every hundredth total is printed, with the worker that has it. */
  readonly print: boolean
}

/** The running totals of the even and of the odd numbers, and of how many there were. */
export default defineJob({
  name: 'rescaling',
  module: import.meta.url, // every worker imports this file
  persistence: ({ directory }: Params) => diskPersistence(directory),
  build(flow, params: Params) {
    flow
      .source('numbers', numbers(params))
      .keyDistribute('by last digit', (n) => n % 10)
      .fold(
        'total',
        () => ({ count: 0, sum: 0 }),
        ({ count, sum }, n) => ({ count: count + 1, sum: sum + n }),
      )
      .inspect('print', ({ count, sum }, digit, _timestamp, { workerId }) => {
        if (params.print && count % 100 === 0) console.log(`${count} numbers end in ${digit}, ${sum} in all @ Worker ${workerId}`)
      })
      .sink(
        'check',
        forEach(({ count, sum }, digit) => checkTotal(count, sum, digit)),
      )
  },
})

/** Each number comes twice, once from each partition, so a total that lost or repeated one would not fit. */
function checkTotal(count: number, sum: number, digit: number): void {
  const least = 2 * sumOf(Math.floor(count / 2), digit)
  const most = least + digit + 10 * count
  if (sum < least || sum > most) throw new Error(`${count} numbers that end in ${digit} cannot have the sum ${sum}`)
}

/** The sum of the first `count` numbers that end in `digit`. */
function sumOf(count: number, digit: number): number {
  return count * digit + 10 * ((count * (count - 1)) / 2)
}

/** The numbers from 0 on, ten at a time; a partition goes on where its last snapshot was, on whichever worker. */
function numbers({ numbers: count, pauseMs }: Params): Source<number, number, string, number> {
  return {
    time: numberTime,
    listPartitions: () => ['first', 'second'],
    openPartition: (_partition, position = 0) => {
      let next = position
      return {
        poll(output) {
          for (const end = Math.min(next + 10, count); next < end; next++) output.emit(next, next)
          return next === count ? 'finished' : 'idle'
        },
        ready: () => new Promise((resolve) => setTimeout(resolve, pauseMs)),
        snapshot: () => next,
        close: () => {},
      }
    },
  }
}
