import { bigintTime, dateTime } from '@malstrom/core'
import { type Change, defineJob, type Flow, fromIterable, type KeyedStream } from '@malstrom/operators'
import { errorOf, inBothForms, testJob, testSink, testSource } from '@malstrom/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

interface Item {
  readonly key: number
  readonly n: number
  readonly at: number
  /** Proposed as an epoch behind the record, if there. */
  readonly epoch: number | undefined
}

const items = fc.array(
  fc.record({
    key: fc.integer({ min: 0, max: 2 }),
    n: fc.integer({ min: -4, max: 4 }),
    at: fc.integer({ min: 0, max: 30 }),
    epoch: fc.option(fc.integer({ min: -5, max: 25 }), { nil: undefined, freq: 3 }),
  }),
  { maxLength: 40 },
)

const keyed = (flow: Flow, list: readonly Item[]) =>
  flow
    .source('items', fromIterable(list))
    .keyDistribute('by key', ({ key }) => key)
    .assignTimestamps('at', ({ at }) => at)
    .generateEpochs('epochs', ({ epoch }) => epoch)

/** The value of each record of `input`, in their order: `f` of those with the same key up to it. */
function running<O>(input: readonly { value: unknown }[], f: (items: readonly Item[]) => O): O[] {
  const all = input.map(({ value }) => value as Item)
  return all.map((item, index) => f(all.slice(0, index + 1).filter(({ key }) => key === item.key)))
}

const sumOf = (list: readonly Item[]) => list.reduce((sum, { n }) => sum + n, 0)
const ranked = (list: readonly Item[]) =>
  list.map((item, index) => ({ item, index })).sort((a, b) => b.item.n - a.item.n || a.index - b.index)

describe('running aggregates', () => {
  inBothForms('equal a naive recomputation for every record', async (collect) => {
    await fc.assert(
      fc.asyncProperty(items, async (list) => {
        const { input, status, ...out } = await collect((flow) => {
          const { onTime, late } = keyed(flow, list)
          late.discard('late')
          return {
            input: onTime,
            count: onTime.count('count'),
            sum: onTime.sum('sum', ({ n }) => n),
            big: onTime.sum('big', ({ n }) => BigInt(n) * 10n ** 20n),
            average: onTime.average('average', ({ n }) => n),
            min: onTime.min('min', ({ n }) => n),
            max: onTime.max('max', ({ n }) => String.fromCharCode(100 + n)),
            first: onTime.min('first', ({ n }) => new Date(n)),
            distinct: onTime.distinct('distinct'),
            distinctBy: onTime.deduplicate('distinct by', { by: ({ n }) => n }),
          }
        })
        const expected = <O>(f: (list: readonly Item[]) => O) => running(input.records, f)
        const ns = (list: readonly Item[]) => list.map(({ n }) => n)
        expect(out.count.values).toEqual(expected((list) => list.length))
        expect(out.sum.values).toEqual(expected(sumOf))
        expect(out.big.values).toEqual(expected((list) => BigInt(sumOf(list)) * 10n ** 20n))
        expect(out.average.values).toEqual(expected((list) => sumOf(list) / list.length))
        expect(out.min.values).toEqual(expected((list) => Math.min(...ns(list))))
        expect(out.max.values).toEqual(expected((list) => String.fromCharCode(100 + Math.max(...ns(list)))))
        expect(out.first.values).toEqual(expected((list) => new Date(Math.min(...ns(list)))))
        expect(out.distinct.values).toEqual(expected((list) => (list.length === 1 ? list[0] : undefined)).filter(Boolean))
        const isNew = (list: readonly Item[]) => list.slice(0, -1).every(({ n }) => n !== list.at(-1)?.n)
        expect(out.distinctBy.values).toEqual(expected((list) => (isNew(list) ? list.at(-1) : undefined)).filter(Boolean))
        expect(out.count.records.map(({ key, timestamp }) => [key, timestamp])).toEqual(
          input.records.map(({ key, timestamp }) => [key, timestamp]),
        )
        expect(status.state).toBe('finished')
      }),
      { numRuns: 40 },
    )
  })

  inBothForms('topN: the changes so far make the top of the records so far, ties included or not', async (collect) => {
    await fc.assert(
      fc.asyncProperty(items, fc.integer({ min: 1, max: 4 }), async (list, n) => {
        const { input, first, all } = await collect((flow) => {
          const { onTime, late } = keyed(flow, list)
          late.discard('late')
          return {
            input: onTime,
            first: onTime.topN('first', n, (item) => item.n),
            all: onTime.topN('all', n, (item) => item.n, { ties: 'all' }),
          }
        })
        for (const [changes, ties] of [[first, 'first'] as const, [all, 'all'] as const]) {
          const rows: Item[] = []
          let next = 0
          for (const { value } of input.records) {
            const item = value as Item
            const before = input.records.slice(0, input.records.findIndex((record) => record.value === value) + 1)
            const group = ranked(before.map((record) => record.value as Item).filter(({ key }) => key === item.key))
            const top = group.filter((row, index) => index < n || (ties === 'all' && row.item.n === group[n - 1]?.item.n))
            // A record that comes in is told of last.
            const comesIn = top.some((row) => row.item === item)
            while (comesIn) {
              const change = changes.values[next++] as Change<Item>
              if (change.diff === 1) {
                rows.push(change.value)
                break
              }
              rows.splice(rows.indexOf(change.value), 1)
            }
            expect(new Set(rows.filter(({ key }) => key === item.key))).toEqual(new Set(top.map((row) => row.item)))
          }
          expect(next).toBe(changes.values.length)
        }
      }),
      { numRuns: 40 },
    )
  })

  it.each([
    ['NaN', Number.NaN],
    ['undefined', undefined],
    ['text', '1'],
  ])('refuse to add up %s, and say where', async (_name, bad) => {
    const test = (build: (stream: KeyedStream<string, number, number>) => KeyedStream<string, unknown, number>) => {
      const job = defineJob({
        name: 'bad',
        module: import.meta.url,
        build: (flow) => build(flow.source('in', fromIterable([1, 2])).keyLocal('k', () => 'k')).discard('out'),
      })
      return errorOf(testJob(job).then((running) => running.finish()))
    }
    const item = (n: number) => (n === 2 ? bad : n) as number
    for (const error of [
      await test((stream) => stream.sum('bad one', item)),
      await test((stream) => stream.average('bad one', item)),
      ...(bad === '1' ? [] : [await test((stream) => stream.min('bad one', item))]),
      ...(bad === '1' ? [] : [await test((stream) => stream.topN('bad one', 3, item))]),
    ]) {
      expect(error.message).toMatch(/bad one/)
      expect(error.message).toMatch(/Filter such records out/)
      expect(error.context).toMatchObject({ operator: 'bad one', key: 'k' })
    }
  })
})

describe('arguments', () => {
  const build = (f: (stream: KeyedStream<string, number, number>) => unknown) => () => {
    defineJob({
      name: 'refused',
      module: import.meta.url,
      build: (flow) => void f(flow.source('in', fromIterable([1])).keyLocal('k', () => 'k')),
    }).graph()
  }

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '3' as unknown as number])(
    'topN of %s is refused when the graph is built',
    (n) => {
      expect(build((stream) => stream.topN('top', n, (v) => v))).toThrow(/top.*whole number from 1/s)
      expect(build((stream) => stream.rows('rows').topN('top', n, (v) => v))).toThrow(/top.*whole number from 1/s)
    },
  )

  it.each([0, -5, 1.5, { hours: -1 }, {}, { weeks: 1 } as object])('a ttl of %j is refused when the graph is built', (ttl) => {
    const options = { ttl: ttl as number }
    expect(build((stream) => stream.count('forgets', options))).toThrow(/forgets.*ttl/s)
    expect(build((stream) => stream.distinct('forgets', options))).toThrow(/forgets.*ttl/s)
    expect(build((stream) => stream.table('forgets', options))).toThrow(/forgets.*ttl/s)
    const sum = (a: number, b: number) => a + b
    expect(build((stream) => stream.reduce('forgets', sum, options))).toThrow(/forgets.*ttl/s)
    expect(build((stream) => stream.fold('forgets', () => 0, sum, options))).toThrow(/forgets.*ttl/s)
  })

  it('options that there are not are refused, and ties of another kind', () => {
    expect(build((stream) => stream.count('c', { tll: 5 } as object))).toThrow(/no option "tll"/)
    expect(build((stream) => stream.topN('t', 1, (v) => v, { ties: 'last' as 'first' }))).toThrow(/ties/)
  })
})

describe('ttl', () => {
  const keysOf = (status: { operators: readonly { operator: string; keys: number }[] }, name: string) =>
    status.operators.find(({ operator }) => operator === name)?.keys

  inBothForms('forgets a key when the frontier reaches the last write plus ttl, whatever the order of records', async (collect) => {
    const list = [
      { key: 0, n: 1, at: 10, epoch: undefined },
      { key: 0, n: 1, at: 4, epoch: 3 },
      { key: 1, n: 1, at: 5, epoch: 14 },
      { key: 0, n: 1, at: 17, epoch: 19 },
      { key: 1, n: 1, at: 20, epoch: 27 },
      { key: 0, n: 1, at: 28, epoch: 28 },
      { key: 0, n: 1, at: 37, epoch: 37 },
      { key: 0, n: 1, at: 38, epoch: 48 },
      { key: 0, n: 1, at: 49, epoch: undefined },
    ]
    const { status, ...out } = await collect((flow) => {
      const { onTime, late } = keyed(flow, list)
      late.discard('late')
      const ttl = { ttl: { milliseconds: 10 } }
      return {
        count: onTime.count('count', ttl),
        sum: onTime.sum('sum', ({ n }) => n, ttl),
        average: onTime.average('average', ({ n }) => n + 1, ttl),
        fold: onTime.fold(
          'fold',
          () => 0,
          (sum, { n }) => sum + n,
          ttl,
        ),
        map: onTime.statefulMap(
          'map',
          () => 0,
          (sum, { n }) => [sum + n, sum + n],
          ttl,
        ),
        reduce: onTime.map('n', ({ n }) => n).reduce('reduce', (a, b) => a + b, ttl),
        distinct: onTime.distinct('distinct', ttl).map('passed at', (_item, _key, at) => at),
        distinctBy: onTime.distinct('distinct by', { ...ttl, by: ({ n }) => n }).map('by at', (_item, _key, at) => at),
      }
    })
    // Key 0 lives to 20, then 27; anew to 38, 47 and 48. Key 1 lives to 15, and anew to 30.
    const counts = [1, 2, 1, 3, 1, 1, 2, 3, 1]
    expect(out.count.values).toEqual(counts)
    for (const name of ['sum', 'fold', 'map', 'reduce'] as const) expect(out[name].values, name).toEqual(counts)
    expect(out.average.values).toEqual(counts.map(() => 2))
    // What passes is remembered from when it passed: from 10 to 20, from 28 to 38.
    expect(out.distinct.values).toEqual([10, 5, 20, 28, 49])
    expect(out.distinctBy.values).toEqual(out.distinct.values)
    for (const name of ['count', 'sum', 'average', 'fold', 'map', 'reduce', 'distinct', 'distinct by']) expect(keysOf(status, name)).toBe(0)
  })

  inBothForms('counts in bigints and dates as well', async (collect) => {
    const { big, dates } = await collect((flow) => {
      const stream = flow.source('n', fromIterable([1, 5, 20, 21])).keyLocal('k', () => 'k')
      return {
        big: stream
          .assignTimestamps('big', (n) => BigInt(n), bigintTime)
          .generateEpochs('big epochs', (n, at) => (n === 5 ? 10n : at))
          .onTime.count('big count', { ttl: 5n }),
        dates: stream
          .assignTimestamps('dates', (n) => new Date(n), dateTime)
          .generateEpochs('date epochs', (n, at) => (n === 5 ? new Date(10) : at))
          .onTime.count('date count', { ttl: { milliseconds: 5 } }),
      }
    })
    expect(big.values).toEqual([1, 2, 1, 2])
    expect(dates.values).toEqual([1, 2, 1, 2])
  })

  it('is kept by snapshots: what was written before a crash expires after it as without', async () => {
    const job = defineJob({
      name: 'ttl',
      module: import.meta.url,
      build: (flow) =>
        flow
          .source('in', fromIterable<number>([]))
          .keyDistribute('k', (n) => n)
          .generateEpochs('e', (_n, at) => at - 1)
          .onTime.fold(
            'fold',
            () => ({ sum: 0 }),
            ({ sum }, n) => ({ sum: sum + n }),
            { ttl: 10, version: 2, migrate: (saved) => saved as { sum: number } },
          )
          .sink('out', { openPartition: () => expect.unreachable() }),
    })
    const source = testSource<number>()
    const out = testSink<{ sum: number }, number>()
    await using test = await testJob(job, { sources: { in: source }, sinks: { out } })
    source.push(1, 1).push(2, 5)
    await test.snapshot()
    test.crash()
    await test.start()
    source.push(2, 12).push(1, 13).push(2, 14).push(3, 50)
    await test.settle()
    expect(out.records.map(({ value, key }) => [key, value.sum])).toEqual([
      [1, 1],
      [2, 2],
      [2, 4],
      [1, 1],
      [2, 6],
      [3, 3],
    ])
    await test.snapshot()
    expect((await test.states('fold')).length).toBe(1)
    await test.finish()
  })
})
