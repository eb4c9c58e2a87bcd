import { numberTime, type Source } from '@malstrom/core'
import { defineJob } from '@malstrom/operators'
import { type ReportTo, reporter } from './exchange-report.ts'

export interface ExchangeParams {
  readonly records: number
  readonly kind: 'numbers' | 'objects'
  /** Records per second; as fast as possible if absent. Each record then carries the time at which it was made. */
  readonly rate?: number
  readonly report: ReportTo
}

const FRAME = 1_024

/** Every record goes from one worker to another one, and is counted there. */
export const exchangeJob = defineJob({
  name: 'exchange',
  module: import.meta.url,
  build(flow, params: ExchangeParams) {
    const report = reporter(params.report)
    const latencies = params.rate === undefined ? undefined : new Float64Array(params.records)
    let count = 0
    flow
      .source('values', params.rate === undefined ? values(params, () => report.first(now())) : paced(params, params.rate))
      .keyDistribute('to the other', keyOf, (_key, workers) => workers[1] as number)
      .inspect('arrived', (value) => {
        if (latencies !== undefined) latencies[count] = (now() - (value as number)) * 1_000
        if (++count === params.records) report.last(now(), latencies)
      })
      .discard('end')
  },
})

interface Event {
  readonly user: string
  readonly page: string
  readonly amount: number
  readonly at: number
  readonly mobile: boolean
}

const keyOf = (value: number | Event): string | number => (typeof value === 'number' ? value & 1_023 : value.user)

function now(): number {
  return performance.timeOrigin + performance.now()
}

function values({ records, kind }: ExchangeParams, started: () => void): Source<number | Event, number, 'one', number> {
  const all = Array.from({ length: FRAME }, (_, i) => (kind === 'numbers' ? i * 1.5 : eventOf(i)))
  const stamps = Float64Array.from({ length: FRAME }, (_, i) => 1_700_000_000_000 + i)
  return {
    time: numberTime,
    listPartitions: () => ['one'],
    openPartition: (_partition, position = 0) => {
      let next = position
      return {
        poll(output, limit) {
          if (next === 0) started()
          const end = Math.min(limit, FRAME, records - next)
          output.emitAll(all, 0, end, stamps)
          next += end
          return next === records ? 'finished' : 'more'
        },
        ready: () => Promise.resolve(),
        snapshot: () => next,
        close: () => {},
      }
    },
  }
}

function eventOf(i: number): Event {
  return { user: `user-${i % 500}`, page: `/page/${i % 40}`, amount: i * 0.25, at: 1_700_000_000_000 + i, mobile: i % 3 === 0 }
}

/** Records at a steady rate, each the time at which it was made. */
function paced({ records }: ExchangeParams, rate: number): Source<number, number, 'one', number> {
  return {
    time: numberTime,
    listPartitions: () => ['one'],
    openPartition: () => {
      let next = 0
      const start = now()
      return {
        poll(output) {
          if (next === records) return 'finished'
          if (now() < start + (next * 1_000) / rate) return 'more'
          output.emit(now(), next)
          next++
          return next === records ? 'finished' : 'more'
        },
        ready: () => Promise.resolve(),
        snapshot: () => next,
        close: () => {},
      }
    },
  }
}
