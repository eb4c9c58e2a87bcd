import { numberTime } from '@malstrom/core'
import {
  defineJob,
  type ExpireMap,
  fromIterable,
  global,
  type KeyedStream,
  limitOutOfOrderness,
  type OnError,
  processingTime,
  sliding,
  tumbling,
} from '@malstrom/operators'
import { errorOf, inBothForms, taskForms, testJob, testSink, testSource } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'

type Numbers = KeyedStream<string, number, number>
// biome-ignore lint/suspicious/noExplicitAny: with dead letters or without
type Any = any

/** Fails for everything with a 3 in it. */
function text(...values: readonly (number | undefined)[]): string {
  if (values.includes(3)) throw new RangeError('no 3')
  return values.map((value) => value ?? 'none').join('+')
}

/** The left stream, of an operator that reads no other. */
function alone(left: Numbers, right: Numbers): Numbers {
  right.discard('r')
  return left
}

const values = [1, 2, 3, 4, 12, 13, 3]
const rights = [1, 3, 12, 25]

/** Results of more than one record: what there is of them, and the values and timestamps of the dead letters. */
const operators: readonly [
  string,
  (left: Numbers, right: Numbers, options: { onError: OnError }) => Any,
  readonly string[],
  readonly Any[],
][] = [
  [
    'process of tumbling windows',
    (s, r, o) =>
      alone(s, r)
        .window(tumbling(10))
        .process('op', (all) => text(...all), o),
    ['12+13'],
    [
      [[1, 2, 3, 4], 9],
      [[3], 109],
    ],
  ],
  [
    'emit of sliding windows',
    (s, r, o) =>
      alone(s, r)
        .window(sliding({ size: 2, slide: 1 }))
        .aggregate('op', { init: () => 0, add: (a, n) => a + n, merge: (a, b) => a + b, emit: (sum) => text(sum) }, o),
    ['1', '5', '7', '4', '12', '25', '13'],
    [
      [3, 2],
      [3, 100],
      [3, 101],
    ],
  ],
  [
    'process of windows of processing time',
    (s, r, o) =>
      alone(s, r)
        .window(processingTime(global()))
        .process('op', (all) => text(...all), o),
    [],
    [[[1, 2, 3, 4, 12, 13, 3], 101]],
  ],
  [
    'interval join',
    (s, r, o) => s.intervalJoin('op', r, { lower: -1, upper: 1, type: 'outer', ...o }, (l, r) => text(l, r)),
    ['1+1', '2+1', '12+12', '13+12', 'none+25'],
    [
      [[2, 3], 3],
      [[3, 3], 3],
      [[4, 3], 4],
      [[3, undefined], 101],
    ],
  ],
  [
    'window join',
    (s, r, o) => s.windowJoin('op', r, { window: tumbling(2), type: 'outer', ...o }, (l, r) => text(l, r)),
    ['1+1', '4+none', '12+12', '13+12', 'none+25'],
    [
      [[2, 3], 3],
      [[3, 3], 3],
      [[3, undefined], 101],
    ],
  ],
  [
    'coGroup',
    (s, r, o) =>
      s.coGroup(
        'op',
        r,
        tumbling(10),
        function* (lefts, others) {
          yield 'first'
          yield text(...lefts, ...others)
        },
        o,
      ),
    ['first', '12+13+12', 'first', '25'],
    [
      [
        [
          [1, 2, 3, 4],
          [1, 3],
        ],
        9,
      ],
      [[[3], []], 109],
    ],
  ],
  [
    'temporal join',
    (s, r, o) => s.temporalJoin('op', r, { unbounded: true, type: 'left', ...o }, (l, r) => text(l, r)),
    ['1+1', '2+1', '12+12', '13+12'],
    [
      [[3, 3], 3],
      [[4, 3], 4],
      [[3, 25], 100],
    ],
  ],
]

const at = (n: number, index: number) => (index === 6 ? 100 : n)

describe('a result that cannot be made', () => {
  for (const [what, apply, results, letters] of operators) {
    const build = (flow: Any, onError: OnError): Any => {
      const of = (name: string, ns: readonly number[]) =>
        flow
          .source(name, fromIterable(ns.map((n, index) => [n, at(n, index)] as const)), {
            timestamp: ([, t]: readonly [number, number]) => t,
            epochs: limitOutOfOrderness(0),
          })
          .onTime.map(`${name} values`, ([n]: readonly [number, number]) => n)
          .keyLocal(`${name} key`, () => 'k')
      return apply(of('left', values), of('right', rights), { onError })
    }

    inBothForms(`is left out and counted, with skip: ${what}`, async (collect) => {
      const { out, status } = await collect((flow) => ({ out: build(flow, 'skip') }))
      expect([...out.values].sort()).toEqual([...results].sort())
      expect(status).toMatchObject({ state: 'finished', skipped: letters.length })
    })

    inBothForms(`becomes a dead letter of what it was to be made of: ${what}`, async (collect) => {
      const { out, dead, status } = await collect((flow) => {
        const { results: made, deadLetters } = build(flow, 'deadLetter')
        return { out: made, dead: deadLetters }
      })
      expect([...out.values].sort()).toEqual([...results].sort())
      expect(status.skipped).toBe(0)
      const seen = dead.records as readonly Any[]
      expect(seen.map(({ value, timestamp }) => [value.value, timestamp])).toEqual(expect.arrayContaining([...letters]))
      expect(seen).toHaveLength(letters.length)
      for (const { value: letter, key, timestamp } of seen) {
        expect(letter).toMatchObject({ key: 'k', operator: 'op', timestamp, cause: { name: 'RangeError', message: 'no 3' } })
        expect(key).toBe('k')
        expect('window' in letter).toBe(what.includes('windows'))
      }
    })

    inBothForms(`fails the job by default: ${what}`, async (collect) => {
      const error = await errorOf(collect((flow) => ({ out: build(flow, 'fail') })))
      expect(error).toMatchObject({ code: 'ERR_OPERATOR_FAILED', context: { operator: 'op' } })
    })
  }

  inBothForms('does not stand for errors behind the operator', async (collect) => {
    for (const [what, apply] of operators) {
      const error = await errorOf(
        collect((flow) => {
          const of = (name: string) => flow.source(name, fromIterable([12])).keyLocal(`${name} key`, () => 'k')
          return {
            out: apply(of('left'), of('right'), { onError: 'skip' }).map('behind', () => {
              throw new Error('not yours')
            }),
          }
        }),
      )
      expect([what, error.context.operator]).toEqual([what, 'behind'])
    }
  })
})

describe('branches of split', () => {
  const route = (n: number) => (n === 3 ? text(3) : n % 2 === 0 ? 'even' : ['odd', 'all']) as 'even'

  inBothForms('have no record for which the function throws', async (collect) => {
    const { even, odd, status } = await collect((flow) => {
      const branches = flow.source('n', fromIterable([1, 2, 3, 4])).split('op', ['even', 'odd', 'all'], route, { onError: 'skip' })
      branches.all.discard('all')
      return { even: branches.even, odd: branches.odd }
    })
    expect([even.values, odd.values, status.skipped]).toEqual([[2, 4], [1], 1])
  })

  inBothForms('stand beside the dead letters', async (collect) => {
    const { all, dead } = await collect((flow) => {
      const { results, deadLetters } = flow
        .source('n', fromIterable([1, 2, 3, 4]))
        .keyLocal('k', () => 'k')
        .split('op', ['even', 'odd', 'all'], route, { onError: 'deadLetter' })
      results.even.union(results.odd).discard('others')
      return { all: results.all, dead: deadLetters }
    })
    expect(all.values).toEqual([1])
    expect(dead.records).toMatchObject([{ key: 'k', timestamp: 2, value: { value: 3, operator: 'op', cause: { message: 'no 3' } } }])
    expect(dead.epochs.at(-1)).toBe(Number.POSITIVE_INFINITY)
  })

  inBothForms('that do not exist are an error of the record', async (collect) => {
    const { a, status } = await collect((flow) => ({
      a: flow.source('n', fromIterable([1, 2])).split('op', ['a'], (n) => (n === 1 ? 'a' : ('b' as 'a')), { onError: 'skip' }).a,
    }))
    expect([a.values, status.skipped]).toEqual([[1], 1])
  })
})

describe('ttlMap with an error policy', () => {
  inBothForms('keeps and expires what the function has put into the map of a key before it threw', async (collect) => {
    const { out, status } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable([1, 3, 2, 30, 31]), { timestamp: (n) => n, epochs: limitOutOfOrderness(5) })
        .onTime.keyLocal('k', () => 'k')
        .ttlMap(
          'op',
          (entries: ExpireMap<number, number, number>, n, _key, t) => {
            const before = entries.size
            entries.set(n, n, t + 3)
            text(n)
            return [before, entries]
          },
          { onError: 'skip' },
        ),
    }))
    // The entries of 1 and 3 are there for 2, and gone for the ones far later.
    expect([out.values, status.skipped]).toEqual([[0, 2, 3, 1], 1])
  })
})

describe.each(taskForms)('windows that take late records, with dead letters (%s)', (tasks) => {
  it('leave out of both streams what fails, early or late', async () => {
    const unopened = { time: numberTime, listPartitions: missing, openPartition: missing }
    const source = testSource<number, number>()
    const [out, late, dead] = [testSink<Any, Any>(), testSink<Any, Any>(), testSink<Any, Any>()]
    const epochs: number[] = []
    const job = defineJob({
      name: 'late',
      module: import.meta.url,
      build(flow) {
        const { onTime, late: behind } = flow.source('in', unopened, { epochs: (_n: number, t: number) => t })
        const sums = { init: () => 0, add: (sum: number, n: number) => sum + Number(text(n)) }
        const windowed = onTime
          .keyLocal('k', () => 'k')
          .window(tumbling(10))
          .allowedLateness(
            20,
            behind.keyLocal('late k', () => 'k'),
          )
          .aggregate('op', sums, { onError: 'deadLetter' })
        windowed.results.sink('out', unopenedSink)
        windowed.late.sink('late', unopenedSink)
        windowed.deadLetters.inspectFrontier('frontier', (epoch) => void epochs.push(epoch)).sink('dead', unopenedSink)
      },
    })
    await using test = await testJob(job, { sources: { in: source }, sinks: { out, late, dead }, tasks, snapshotIntervalMs: 1e9 })
    for (const [n, t] of [
      [1, 5],
      [1, 15],
      [3, 6],
      [2, 7],
      [3, 16],
      [1, 60],
      [2, 8],
    ] as const) {
      source.push(n, t)
      await test.settle()
    }
    await test.finish()
    const seen = (sink: typeof out) => sink.records.map(({ value, timestamp }) => [value, timestamp])
    expect(seen(out)).toEqual([
      [1, 9],
      [3, 9],
      [1, 19],
      [1, 69],
    ])
    expect(seen(late)).toEqual([[2, 8]])
    expect(dead.records.map(({ value, timestamp }) => [value.value, value.timestamp, timestamp])).toEqual([
      [3, 6, 6],
      [3, 16, 16],
    ])
    // Some are behind epochs, so no epoch is told but the end.
    expect(epochs).toEqual([Number.POSITIVE_INFINITY])
  })
})

const unopenedSink = { openPartition: missing }

function missing(): never {
  throw new Error('the real one is not opened')
}
