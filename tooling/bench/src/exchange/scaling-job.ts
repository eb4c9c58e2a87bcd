import { numberTime, type Source } from '@malstrom/core'
import { defineJob } from '@malstrom/operators'

export interface ScalingParams {
  readonly partitions: number
  /** Records of each partition. */
  readonly records: number
  /** Steps of arithmetic per record. */
  readonly work: number
  /** When the first record was read, and when the last result of each worker has come, in milliseconds since the epoch. */
  readonly times: SharedArrayBuffer
}

function now(): number {
  return performance.timeOrigin + performance.now()
}

/** Work that takes CPU time, per key. */
export const scalingJob = defineJob({
  name: 'scaling',
  module: import.meta.url,
  build(flow, params: ScalingParams) {
    const times = new Float64Array(params.times)
    flow
      .source('numbers', numbers(params, times))
      .keyDistribute('by rest', (n) => n % 1_000)
      .statefulMap(
        'work',
        () => 1,
        (state, n) => [n, worked(state ^ n, params.work)],
      )
      .inspectFrontier('ended', (epoch, { workerId }) => {
        if (epoch === Number.POSITIVE_INFINITY) times[1 + workerId] = now()
      })
      .discard('end')
  },
})

function worked(seed: number, steps: number): number {
  let state = seed | 1
  for (let step = 0; step < steps; step++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
  }
  return state
}

function numbers({ partitions, records }: ScalingParams, times: Float64Array): Source<number, number, string, number> {
  return {
    time: numberTime,
    listPartitions: () => Array.from({ length: partitions }, (_, index) => `p${index}`),
    openPartition: (_partition, position = 0) => {
      let next = position
      return {
        poll(output, limit) {
          if (times[0] === 0) times[0] = now()
          for (const end = Math.min(next + limit, records); next < end; next++) output.emit(next, next)
          return next === records ? 'finished' : 'more'
        },
        ready: () => Promise.resolve(),
        snapshot: () => next,
        close: () => {},
      }
    },
  }
}
