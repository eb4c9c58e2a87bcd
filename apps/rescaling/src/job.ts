import { existsSync } from 'node:fs'
import { defineJob, diskPersistence, forEach, numberTime, type Source } from 'malstrom'

export interface Params {
  /** Where the totals are kept. */
  readonly directory: string
  /** Numbers of each of the two partitions: full thousands, and no more once this file is there. */
  readonly until: string
  /** Time between ten numbers and the next ten, in milliseconds. */
  readonly pauseMs: number
  /** Whether every hundredth total is printed, with the worker that has it. */
  readonly print: boolean
}

interface Numbered {
  readonly partition: Partition
  readonly n: number
}

type Partition = (typeof PARTITIONS)[number]

const PARTITIONS = ['first', 'second'] as const

/** What has come of the numbers that end in one digit. */
interface Total {
  readonly count: number
  readonly sum: number
  /** The number that each partition gives next, if none is lost and none comes twice. */
  readonly next: Readonly<Record<Partition, number>>
}

/** The running totals of numbers by their last digit. */
export default defineJob({
  name: 'rescaling',
  module: import.meta.url, // every worker imports this file
  persistence: ({ directory }: Params) => diskPersistence(directory),
  build(flow, params: Params) {
    flow
      .source('numbers', numbers(params))
      .keyDistribute('by last digit', ({ n }) => n % 10)
      .fold('total', (digit): Total => ({ count: 0, sum: 0, next: { first: digit, second: digit } }), add)
      .inspect('print', ({ count, sum }, digit, _timestamp, { workerId }) => {
        if (params.print && count % 100 === 0) console.log(`${count} numbers end in ${digit}, ${sum} in all @ Worker ${workerId}`)
      })
      .sink(
        'end',
        forEach(() => {}),
      )
  },
})

function add({ count, sum, next }: Total, { partition, n }: Numbered): Total {
  if (n !== next[partition]) throw new Error(`${n} came from the ${partition} partition in place of ${next[partition]}`)
  return { count: count + 1, sum: sum + n, next: { ...next, [partition]: n + 10 } }
}

/** The numbers from 0 on, ten at a time; a partition goes on where its last snapshot was, on whichever worker. */
function numbers({ until, pauseMs }: Params): Source<Numbered, number, Partition, number> {
  return {
    time: numberTime,
    listPartitions: () => PARTITIONS,
    openPartition: (partition, position = 0) => {
      let next = position
      return {
        poll(output) {
          if (next > 0 && next % 1_000 === 0 && existsSync(until)) return 'finished'
          for (const end = next + 10; next < end; next++) output.emit({ partition, n: next }, next)
          return 'idle'
        },
        ready: () => new Promise((resolve) => setTimeout(resolve, pauseMs)),
        snapshot: () => next,
        close: () => {},
      }
    },
  }
}
