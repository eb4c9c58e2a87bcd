import { numberTime, type Source } from '@malstrom/core'
import { defineJob } from '@malstrom/operators'

export interface ScalingParams {
  readonly partitions: number
  /** Records of each partition. */
  readonly records: number
  /** Steps of arithmetic per record. */
  readonly work: number
  /** When the first record was read and the last result came, in milliseconds since the epoch, and the results so far. */
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
    const times = new Float64Array(params.times, 0, 2)
    const results = new Int32Array(params.times, 16, 1)
    const all = params.partitions * params.records
    flow
      .source('numbers', numbers(params, times))
      .keyDistribute('by rest', (n) => n % 1_000)
      .statefulMap(
        'work',
        () => 1,
        (state, n) => [n, worked(state ^ n, params.work)],
      )
      .inspect('count', () => {
        if (Atomics.add(results, 0, 1) === all - 1) times[1] = now()
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
