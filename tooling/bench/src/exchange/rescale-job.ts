import { numberTime, rendezvousSelect, type Source } from '@malstrom/core'
import { defineJob, forEach } from '@malstrom/operators'
import { diskPersistence } from '@malstrom/persistence'

export interface RescaleParams {
  readonly directory: string
  readonly keys: number
  /** Records per second, after every key has come once. */
  readonly rate: number
  readonly seconds: number
  /** See `Slot`; 16 numbers, shared by the workers. */
  readonly shared: SharedArrayBuffer
}

/** What the workers and the benchmark tell each other. */
export const Slot = {
  /** 1 when every key has come once. */
  loaded: 0,
  /** 1 while delays count. */
  counting: 1,
  /** The longest delay of a record whose key moves, and of one whose key stays, in milliseconds. */
  moving: 2,
  staying: 3,
  /** 1: the worker that sees it ends its thread, and says when. */
  kill: 4,
  killedAt: 5,
  /** The first result after that. */
  resumedAt: 6,
} as const

function now(): number {
  return performance.timeOrigin + performance.now()
}

/** Counts per key, at a steady rate. */
export const rescaleJob = defineJob({
  name: 'rescale-pause',
  module: import.meta.url,
  persistence: ({ directory }: RescaleParams) => diskPersistence(directory),
  build(flow, params: RescaleParams) {
    const shared = new Float64Array(params.shared)
    const builtAt = now()
    flow
      .source('records', steady(params, shared))
      .keyDistribute('by key', ({ key }) => key)
      .inspect('trouble', (_record, _key, _timestamp, { workerId }) => {
        if (workerId === 0 || shared[Slot.kill] !== 1) return
        shared[Slot.kill] = 2
        shared[Slot.killedAt] = now()
        process.exit(1)
      })
      .statefulMap(
        'count',
        () => 0,
        (count, record) => [{ at: record.at, count: count + 1 }, count + 1],
      )
      .sink(
        'delays',
        forEach(({ at }, key) => {
          // Those that were not killed go on for a moment, until they hear of it.
          if (shared[Slot.kill] === 2 && builtAt > (shared[Slot.killedAt] as number) && shared[Slot.resumedAt] === 0)
            shared[Slot.resumedAt] = now()
          if (shared[Slot.counting] !== 1 || at === 0) return
          const slot = rendezvousSelect(key, [0, 1]) === 0 ? Slot.staying : Slot.moving
          const delay = now() - at
          if (delay > (shared[slot] as number)) shared[slot] = delay
        }),
      )
  },
})

interface Record {
  readonly key: number
  /** When it was made; 0 for those that only make the keys known. */
  readonly at: number
}

function steady({ keys, rate, seconds }: RescaleParams, shared: Float64Array): Source<Record, number, 'one', number> {
  return {
    time: numberTime,
    listPartitions: () => ['one'],
    openPartition: (_partition, position = 0) => {
      let next = position
      let start = 0
      let first = 0
      return {
        poll(output, limit) {
          if (next < keys) {
            for (const end = Math.min(next + limit, keys); next < end; next++) output.emit({ key: next, at: 0 }, next)
            return 'more'
          }
          if (start === 0) {
            start = now()
            first = next
            shared[Slot.loaded] = 1
          }
          const at = now()
          const due = Math.min(first + Math.floor(((at - start) * rate) / 1_000), next + limit)
          for (; next < due; next++) output.emit({ key: (next * 7_919) % keys, at }, next)
          if (next >= keys + rate * seconds) return 'finished'
          return 'idle'
        },
        ready: () => new Promise((resolve) => setTimeout(resolve, 1)),
        snapshot: () => next,
        close: () => {},
      }
    },
  }
}
