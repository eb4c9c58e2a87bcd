import { bigintTime, type Combine, type Key, numberTime, rendezvousSelect, type TimestampAlgebra } from '@malstrom/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Columns } from '../exchange/columns.ts'
import { ExchangeOutput } from '../exchange/exchange-output.ts'
import { type ExchangeCode, exchangeLines } from './exchange-lines.ts'

interface Sent {
  readonly worker: number
  readonly value: unknown
  readonly key: unknown
  readonly timestamp: unknown
}

interface Given {
  readonly value: unknown
  readonly key: Key
  readonly timestamp: unknown
}

/** An exchange whose frames are kept as they would be sent. */
function exchange(time: TimestampAlgebra<unknown>, workers: readonly number[], combine: Combine | undefined) {
  const frames: Sent[][] = []
  const ways = new Map(
    workers.map((worker) => {
      const close = () => {
        const frame = columns.endFrame()
        columns.reuse()
        if (frame === undefined) return
        const { values, keys, timestamps, from = 0, count } = frame
        const rows = Array.from({ length: count - from }, (_, i) => from + i)
        frames.push(rows.map((i) => ({ worker, value: values[i], key: keys?.[i], timestamp: timestamps[i] })))
      }
      const columns = new Columns(true, close)
      return [worker, { columns, close, advance: close, idle: close, barrier: close, full: false }] as const
    }),
  )
  const route = { partitioner: rendezvousSelect, keyOf: undefined, combine }
  const output = new ExchangeOutput({ route, time, routing: { version: 0, workers }, target: (worker) => ways.get(worker) as never })
  return { output, frames }
}

/** The function that a compiled task has in the place of `push`. */
function compiledPush(output: ExchangeOutput, time: TimestampAlgebra<unknown>): (value: unknown, key: unknown, timestamp: unknown) => void {
  const names: string[] = []
  const values: unknown[] = []
  const locals: string[] = []
  const code: ExchangeCode = {
    bind(hint, value) {
      names.push(`${hint}_${names.length}`)
      values.push(value)
      return names.at(-1) as string
    },
    local(hint) {
      locals.push(`${hint}_l${locals.length}`)
      return locals.at(-1) as string
    },
    initialized(hint, expression) {
      locals.push(`${hint}_l${locals.length} = ${expression}`)
      return `${hint}_l${locals.length - 1}`
    },
    notAfter: (_time, a, b) => `${code.bind('time', time)}.compare(${a}, ${b}) <= 0`,
  }
  const lines = exchangeLines(code, output, true, { value: 'value', key: 'key', timestamp: 'timestamp' })
  return new Function(...names, `return (value, key, timestamp) => {\nlet ${locals.join(', ')}\n${lines}\n}`)(...values)
}

interface Bids {
  readonly auction: number | string
  readonly num: number
}

const merge = (a: unknown, b: unknown) => ({ auction: (a as Bids).auction, num: (a as Bids).num + (b as Bids).num })
const sliceOf = (timestamp: unknown) => Math.floor(Number(timestamp) / 10)

const forms = fc.record({
  by: fc.constantFrom(undefined, (bids: unknown) => (bids as Bids).auction),
  sliceOf: fc.constantFrom(undefined, sliceOf),
  workers: fc.constantFrom([0], [0, 1], [0, 2, 7]),
  bigints: fc.boolean(),
})
const keys = fc.constantFrom<Key>(0, 1, 2, 1_025, 0.5, 'a', 'b', ['a', 1], ['a', 2], 7n, true)
const bids = fc.record({ auction: fc.constantFrom<number | string>(1, 2, 1_026, 'x'), key: keys, ms: fc.nat(40), num: fc.nat(9) })
/** Records, and ends of frames between them. */
const streams = fc.array(fc.oneof({ weight: 12, arbitrary: bids }, fc.constant('end' as const)), {
  minLength: 1,
  maxLength: 300,
  size: 'max',
})

describe('an exchange that combines', () => {
  it('sends what is left of its records in the compiled form as in the other, and loses nothing', () => {
    let fewer = 0
    fc.assert(
      fc.property(forms, streams, ({ by, sliceOf, workers, bigints }, stream) => {
        const time = (bigints ? bigintTime : numberTime) as TimestampAlgebra<unknown>
        const combine = { merge, by: by as Combine['by'], sliceOf }
        const [one, other] = [exchange(time, workers, combine), exchange(time, workers, combine)]
        const push = compiledPush(other.output, time)
        const given: Given[][] = [[]]
        for (const item of stream) {
          if (item === 'end') {
            one.output.close()
            other.output.close()
            given.push([])
            continue
          }
          const value = by === undefined ? { auction: String(item.key), num: item.num } : { auction: item.auction, num: item.num }
          const timestamp = bigints ? BigInt(item.ms) : item.ms
          one.output.push(value, item.key, timestamp)
          push(value, item.key, timestamp)
          given.at(-1)?.push({ value, key: item.key, timestamp })
        }
        one.output.close()
        other.output.close()
        expect(other.frames).toEqual(one.frames)
        const sent = one.frames.flat()
        const all = given.flat()
        if (sent.length < all.length) fewer++
        expect(sumsOf(sent)).toEqual(sumsOf(all))
        for (const { key, worker } of sent) expect(worker).toBe(rendezvousSelect(key as Key, workers))
        // The latest timestamp of what was combined is kept, and no other is made up.
        expect(latestOf(sent)).toEqual(latestOf(all))
        if (sliceOf === undefined) expect(new Set(sent.map(nameOf))).toEqual(new Set(all.map(nameOf)))
        if (workers.length === 1) expect(sent).toHaveLength(all.length)
      }),
    )
    expect(fewer).toBeGreaterThan(10)
  })

  it('makes one record of all with a key in a slice, and begins anew behind each frame', () => {
    const { output, frames } = exchange(numberTime as TimestampAlgebra<unknown>, [0, 1], { merge, by: undefined, sliceOf })
    for (const ms of [11, 19, 12]) output.push({ auction: 1, num: 1 }, 5, ms)
    output.push({ auction: 1, num: 1 }, 5, 20)
    output.close()
    output.push({ auction: 1, num: 1 }, 5, 21)
    output.close()
    expect(frames.map((frame) => frame.map(({ value, timestamp }) => [(value as Bids).num, timestamp]))).toEqual([
      [
        [3, 19],
        [1, 20],
      ],
      [[1, 21]],
    ])
  })

  it('sends numbers in columns of numbers, also where merge makes something else of some', () => {
    const sum = (a: unknown, b: unknown) => ((a as number) + (b as number) > 5 ? 'many' : (a as number) + (b as number))
    const { output, frames } = exchange(numberTime as TimestampAlgebra<unknown>, [0, 1], { merge: sum, by: undefined, sliceOf: undefined })
    const push = compiledPush(output, numberTime as TimestampAlgebra<unknown>)
    for (const n of [1, 2]) push(n, 5, 1)
    output.close()
    for (const n of [3, 4]) push(n, 5, 1)
    output.close()
    expect(frames.map(([record]) => record?.value)).toEqual([3, 'many'])
  })
})

function nameOf({ value, key, timestamp }: Given | Sent): string {
  return `${String(key)} ${(value as Bids).auction} ${timestamp}`
}

/** How many bids there are by key, auction and slice. */
function sumsOf(records: readonly (Given | Sent)[]): Map<string, number> {
  return grouped(records, (sum, { value }) => (sum ?? 0) + (value as Bids).num)
}

function latestOf(records: readonly (Given | Sent)[]): Map<string, number> {
  return grouped(records, (latest, { timestamp }) => Math.max(latest ?? 0, Number(timestamp)))
}

function grouped(records: readonly (Given | Sent)[], f: (before: number | undefined, record: Given | Sent) => number): Map<string, number> {
  const groups = new Map<string, number>()
  for (const record of records) {
    const { value, key, timestamp } = record
    const name = `${typeof key} ${String(key)} ${(value as Bids).auction} ${sliceOf(timestamp)}`
    groups.set(name, f(groups.get(name), record))
  }
  return new Map([...groups].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
