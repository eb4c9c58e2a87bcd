import { bigintTime, dateTime, type Job, type PersistenceBackend, type TimestampAlgebra } from '@malstrom/core'
import { defineJob, global, limitOutOfOrderness, toArray, tumbling } from '@malstrom/operators'
import { memoryPersistence } from '@malstrom/persistence'
import { errorOf, ScriptedSource } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'
import { multiThread } from '../host/multi-thread.ts'
import { singleThread } from '../host/single-thread.ts'

/** The number of a period, and a count within it: a time of plain data, whose order is in its algebra. */
interface Version {
  readonly period: number
  readonly count: number
}

const compareVersions = (a: Version, b: Version) => (a.period === b.period ? a.count - b.count : a.period - b.period)
const versionTime: TimestampAlgebra<Version> = {
  min: { period: Number.NEGATIVE_INFINITY, count: 0 },
  max: { period: Number.POSITIVE_INFINITY, count: 0 },
  compare: compareVersions,
  merge: (a, b) => (compareVersions(a, b) < 0 ? a : b),
}

/** The same as a tuple. */
const compareTuples = (a: readonly [number, number], b: readonly [number, number]) => (a[0] === b[0] ? a[1] - b[1] : a[0] - b[0])
const tupleTime: TimestampAlgebra<readonly [number, number]> = {
  min: [Number.NEGATIVE_INFINITY, 0],
  max: [Number.POSITIVE_INFINITY, 0],
  compare: compareTuples,
  merge: (a, b) => (compareTuples(a, b) < 0 ? a : b),
}

/** An instance of it has its order with it. */
class Moment {
  static readonly time: TimestampAlgebra<Moment> = {
    min: new Moment(Number.NEGATIVE_INFINITY),
    max: new Moment(Number.POSITIVE_INFINITY),
    compare: (a, b) => a.ms - b.ms,
    merge: (a, b) => (a.ms < b.ms ? a : b),
  }
  readonly ms: number

  constructor(ms: number) {
    this.ms = ms
  }
}

interface Kind<T> {
  readonly time: TimestampAlgebra<T>
  of(n: number): T
}

const version: Kind<Version> = { time: versionTime, of: (n) => ({ period: Math.floor(n / 10), count: n % 10 }) }
const tuple: Kind<readonly [number, number]> = { time: tupleTime, of: (n) => [Math.floor(n / 10), n % 10] }
const bigint: Kind<bigint> = { time: bigintTime, of: (n) => BigInt(n) }
const date: Kind<Date> = { time: dateTime, of: (n) => new Date(n) }

const text = (timestamp: unknown) => (typeof timestamp === 'bigint' ? `${timestamp}` : JSON.stringify(timestamp))

/** Each number sets a timer 15 later, and is in a window over everything that has a trigger at the end. */
function jobOf<T>(source: ScriptedSource<number, T>, { time, of }: Kind<T>, out: string[]): Job {
  return defineJob({
    name: 'times',
    module: import.meta.url,
    build(flow) {
      const keyed = flow.source('numbers', source, { epochs: (_n, timestamp) => timestamp }).onTime.keyLocal('parity', (n) => n % 2)
      keyed
        .statefulOp('due', {
          init: () => ({ last: time.min, sum: 0 }),
          onData(n, state, _output, _key, timestamp, timers) {
            timers.at(of(n + 15))
            return { last: timestamp, sum: state.sum + n }
          },
          onTimer(due, state, output, key) {
            output.emit(`timer ${key} ${text(due)} ${text(state.last)} ${state.sum}`, key, due)
            return state
          },
        })
        .sink('timers', toArray(out))
      keyed
        .window(global())
        .process('all', (numbers) => `window ${numbers.join(' ')}`)
        .sink('windows', toArray(out))
    },
  })
}

const runtime = (persistence: PersistenceBackend) => singleThread({ persistence, snapshotIntervalMs: Number.POSITIVE_INFINITY })

/** Runs the job with a restart after each of the `parts`. */
async function results<T>(kind: Kind<T>, parts: readonly (readonly number[])[]): Promise<string[]> {
  const source = new ScriptedSource<number, T>(['all'], kind.time)
  const out: string[] = []
  const persistence = memoryPersistence()
  let read = 0
  for (const part of parts) {
    source.partition('all').give(...part.map((n) => [n, kind.of(n)] as const))
    const execution = await runtime(persistence).start(jobOf(source, kind, out))
    read += part.length
    await expect.poll(() => execution.status().recordsIn).toBe(read)
    await execution.suspend()
  }
  source.finish()
  await runtime(persistence).run(jobOf(source, kind, out))
  return out
}

describe('timestamps', () => {
  const numbers = [1, 2, 3, 10, 12, 17, 21, 30, 31, 48]
  it.each<[string, Kind<never>]>([
    ['plain objects', version as Kind<never>],
    ['tuples', tuple as Kind<never>],
    ['bigints', bigint as Kind<never>],
    ['dates', date as Kind<never>],
  ])('that are %s are saved with frontiers, timers and windows, and come back', async (_what, kind) => {
    const whole = await results(kind, [numbers])
    expect(whole).toHaveLength(numbers.length + 2)
    expect(await results(kind, [numbers.slice(0, 3), numbers.slice(3, 6), numbers.slice(6)])).toEqual(whole)
  })

  it('that are dates have windows of their days, before and after a restart', async () => {
    const source = new ScriptedSource<number, Date>(['all'], dateTime)
    const out: string[] = []
    const persistence = memoryPersistence()
    const job = defineJob({
      name: 'days',
      module: import.meta.url,
      build: (flow) =>
        flow
          .source('numbers', source, { epochs: limitOutOfOrderness(0) })
          .onTime.keyLocal('all', () => 'all')
          .window(tumbling({ days: 1 }))
          .aggregate('sums', {
            init: () => 0,
            add: (sum, n) => sum + n,
            emit: (sum, { start }) => `${start.toISOString().slice(0, 10)} ${sum}`,
          })
          .sink('out', toArray(out)),
    })
    source.partition('all').give([1, new Date('2026-01-01T10:00Z')], [2, new Date('2026-01-01T20:00Z')])
    const first = await runtime(persistence).start(job)
    await expect.poll(() => first.status().recordsIn).toBe(2)
    await first.suspend()
    source
      .partition('all')
      .give([4, new Date('2026-01-01T23:00Z')], [8, new Date('2026-01-02T01:00Z')])
      .finish()
    await runtime(persistence).run(job)
    expect(out).toEqual(['2026-01-01 7', '2026-01-02 8'])
  })

  it('that are instances of a class are refused before a job starts that would have to save or send them', async () => {
    const source = new ScriptedSource<number, Moment>(['all'], Moment.time)
    source.push(1, new Moment(1))
    source.finish()
    const job = (out: string[]) =>
      defineJob({
        name: 'moments',
        module: import.meta.url,
        build: (flow) =>
          flow
            .source('numbers', source)
            .map('text', (n) => `${n}`)
            .sink('out', toArray(out)),
      })
    const refused = {
      code: 'ERR_VALUE_NOT_ENCODABLE',
      message:
        'The timestamps at "numbers" of job "moments" cannot be saved or sent to other workers: the smallest one is an instance of Moment. Let timestamps be plain values ' +
        '(numbers, bigints, strings, dates, or arrays and plain objects of those), and keep the functions that compare them in their TimestampAlgebra.',
      context: { job: 'moments', operator: 'numbers' },
    }
    expect(await errorOf(runtime(memoryPersistence()).run(job([])))).toMatchObject(refused)
    expect(await errorOf(multiThread({ workers: 1 }).run(job([])))).toMatchObject(refused)
    expect(source.partition('all').opens).toBe(0)
    const out: string[] = []
    await singleThread().run(job(out))
    expect(out).toEqual(['1'])
  })
})
