import { dateTime, fingerprintOf, type GraphNode, type MalstromError, numberTime, type Source, type SourceNode } from '@malstrom/core'
import { defineJob, forEach, fromAsyncIterable, fromIterable, limitOutOfOrderness, periodic } from '@malstrom/operators'
import { failpoints } from '@malstrom/runtime'
import { describe, expect, it } from 'vitest'
import { replaceNodes } from './replace-nodes.ts'
import { testJob } from './test-job.ts'
import { type TestSink, testSink } from './test-sink.ts'
import { testSource } from './test-source.ts'

const missing = () => {
  throw new Error('the real one is not opened')
}
const realSource: Source<number, number> = { time: numberTime, listPartitions: missing, openPartition: missing }
const realSink = { openPartition: missing }

/** Sums numbers per parity. Throws at `poison`. */
const sums = defineJob<{ poison?: () => number }>({
  name: 'sums',
  module: import.meta.url,
  build(flow, { poison }) {
    flow
      .source('numbers', realSource)
      .map('checked', (n) => {
        if (n === poison?.()) throw new Error(`${n} is poison`)
        return n
      })
      .keyDistribute('by parity', (n) => (n % 2 === 0 ? 'even' : 'odd'))
      .fold(
        'sum',
        () => 0,
        (sum, n) => sum + n,
      )
      .sink('sums', realSink)
  },
})

async function start(params: { poison?: () => number } = {}, more: { snapshotIntervalMs?: number; seed?: number } = {}) {
  const numbers = testSource<number>()
  const out = testSink<number, string>()
  const test = await testJob(sums, { params, sources: { numbers }, sinks: { sums: out }, ...more })
  return { numbers, out, test }
}

const valuesOf = (sink: Pick<TestSink<unknown, unknown, unknown>, 'records'>) => sink.records.map(({ value }) => value)
const committedIn = (sink: Pick<TestSink<unknown, unknown, unknown>, 'committed'>) => sink.committed.map(({ value }) => value)

async function errorOf(promise: Promise<unknown>): Promise<MalstromError> {
  return promise.then(
    () => expect.unreachable('it succeeded'),
    (error) => error,
  )
}

describe('a job under test', () => {
  it('does what it can when it settles, and nothing before', async () => {
    const { numbers, out, test } = await start()
    numbers.push(1, 10).push(2, 20).push(3, 30)
    expect(out.records).toEqual([])
    await test.settle()
    expect(out.records).toEqual([
      { value: 1, key: 'odd', timestamp: 10 },
      { value: 2, key: 'even', timestamp: 20 },
      { value: 4, key: 'odd', timestamp: 30 },
    ])
    expect(out.committed).toEqual([])
    expect(test.status()).toMatchObject({ state: 'running', recordsIn: 3, recordsOut: 3 })
    await test.finish()
    expect(committedIn(out)).toEqual([1, 2, 4])
    expect(test.status().state).toBe('finished')
  })

  it('reads partitions by their names, and takes times of other kinds from the source that is replaced', async () => {
    const dated: Source<string, Date> = { time: dateTime, listPartitions: missing, openPartition: missing }
    const job = defineJob({
      name: 'partitions',
      module: import.meta.url,
      build: (flow) => void flow.source('in', dated, { epochs: limitOutOfOrderness(1_000) }).onTime.sink('out', realSink),
    })
    const source = testSource({ like: dated, partitions: ['eu', 'us'] })
    const sink = testSink<string, undefined, Date>()
    await using test = await testJob(job, { sources: { in: source }, sinks: { out: sink } })
    source.partition('us').push('one', new Date(3_000))
    source.partition('eu').push('two', new Date(5_000))
    await test.settle()
    expect(test.status().frontier).toEqual(new Date(2_000))
    expect(sink.records.map(({ timestamp }) => timestamp)).toEqual([new Date(5_000), new Date(3_000)])
    expect(() => source.push('three', new Date(2))).toThrow(/"eu", "us".*partition\(name\)/)
    expect(() => source.partition('uss')).toThrow(/Did you mean us/)
    expect(test.status().sources).toMatchObject([
      { partition: 'eu', recordsIn: 1 },
      { partition: 'us', recordsIn: 1 },
    ])
  })

  it('continues after a crash from the last commit: written twice, committed once', async () => {
    const { numbers, out, test } = await start()
    numbers.push(1, 1).push(3, 3)
    expect(await test.snapshot()).toBe(1)
    numbers.push(5, 5)
    await test.settle()
    test.crash()
    expect(test.status().state).toBe('crashed')
    numbers.push(7, 7)
    await test.settle()
    expect(valuesOf(out)).toEqual([1, 4, 9])
    await test.start()
    await test.finish()
    expect(valuesOf(out)).toEqual([1, 4, 9, 9, 16])
    expect(committedIn(out)).toEqual([1, 4, 9, 16])
  })

  it.each(failpoints.filter((name) => !name.startsWith('rescale')))('that crashes at %s has exact totals in the end', async (failpoint) => {
    const { numbers, out, test } = await start({}, { snapshotIntervalMs: 100 })
    numbers.push(1, 1).push(2, 2)
    await test.advanceBy(150)
    numbers.push(3, 3)
    await test.settle()
    const restarts = failpoint.startsWith('restore')
    if (restarts) test.crash()
    test.crashAt(failpoint)
    if (restarts) expect(await errorOf(test.start())).toMatchObject({ code: 'ERR_NOT_RUNNING' })
    else await test.advanceBy(100)
    expect(test.status().state).toBe('crashed')
    await test.start()
    numbers.push(5, 5)
    await test.finish()
    expect(committedIn(out)).toEqual([1, 2, 4, 9])
  })

  it('says that it crashed to whoever waits for a snapshot', async () => {
    const { test } = await start()
    test.crashAt('snapshot.durable')
    expect(await errorOf(test.snapshot())).toMatchObject({
      code: 'ERR_NOT_RUNNING',
      message: expect.stringMatching(/crashed before a snapshot/),
    })
    expect(await errorOf(test.snapshot())).toMatchObject({ code: 'ERR_NOT_RUNNING', message: expect.stringMatching(/Call start/) })
  })

  it('goes on after it was suspended, also several times', async () => {
    const { numbers, out, test } = await start()
    for (const n of [1, 3, 5]) {
      numbers.push(n, n)
      await test.suspend()
      expect(test.status().state).toBe('suspended')
      await test.start()
    }
    await test.finish()
    expect(valuesOf(out)).toEqual([1, 4, 9])
    expect(committedIn(out)).toEqual([1, 4, 9])
  })

  it('is cancelled when it is disposed of, with what was not committed left out', async () => {
    const out = testSink<number, string>()
    const numbers = testSource<number>()
    {
      await using test = await testJob(sums, { params: {}, sources: { numbers }, sinks: { sums: out } })
      numbers.push(1, 1)
      await test.settle()
    }
    expect(numbers.partition('all').closes).toBe(1)
    expect(valuesOf(out)).toEqual([1])
    expect(committedIn(out)).toEqual([])
  })

  it('shows the states of its last snapshot', async () => {
    const { numbers, test } = await start()
    expect(await errorOf(test.state('sum', 'odd'))).toMatchObject({ code: 'ERR_SNAPSHOT_NOT_FOUND' })
    numbers.push(1, 1).push(3, 3).push(2, 2)
    await test.snapshot()
    expect(await test.state<number>('sum', 'odd')).toBe(4)
    expect(await test.states('sum')).toEqual([
      { key: 'odd', state: 4 },
      { key: 'even', state: 2 },
    ])
    expect(await test.state('sum', 'neither')).toBeUndefined()
    expect(await errorOf(test.state('total', 'odd'))).toMatchObject({ code: 'ERR_SNAPSHOT_NOT_FOUND' })
  })

  it('does the same for the same seed and the same calls', async () => {
    const play = async (seed: number) => {
      const { numbers, out, test } = await start({}, { seed, snapshotIntervalMs: 7 })
      for (let n = 0; n < 50; n++) {
        numbers.push(n, n)
        await test.advanceBy(n % 5)
        if (n % 17 === 16) {
          test.crash()
          await test.start()
        }
      }
      await test.finish()
      return [out.records, out.committed, test.status()]
    }
    expect(await play(3)).toEqual(await play(3))
    expect((await play(3))[1]).toEqual((await play(4))[1])
  })
})

describe('virtual time', () => {
  it('takes snapshots at their interval', async () => {
    const { numbers, out, test } = await start()
    numbers.push(1, 1)
    await test.advanceBy(9_999)
    expect(committedIn(out)).toEqual([])
    await test.advanceTo(10_000)
    expect(committedIn(out)).toEqual([1])
    expect(test.status().snapshot).toBe(1)
    expect(test.nowMs).toBe(10_000)
    await test.advanceBy(60_000)
    expect(test.status().snapshot).toBe(7)
  })

  it('fires periodic epochs', async () => {
    const job = defineJob({
      name: 'epochs',
      module: import.meta.url,
      build: (flow) =>
        void flow
          .source('in', realSource)
          .generateEpochs('epochs', periodic({ everyMs: 1_000 }, limitOutOfOrderness(0)))
          .onTime.sink('out', realSink),
    })
    const source = testSource<number>()
    await using test = await testJob(job, { sources: { in: source }, sinks: { out: testSink() } })
    source.push(1, 5)
    await test.advanceTo(999)
    expect(test.status().frontier).toBeUndefined()
    await test.advanceTo(1_000)
    expect(test.status().frontier).toBe(5)
    source.push(2, 8)
    await test.settle()
    expect(test.status().frontier).toBe(5)
    await test.advanceBy(1_000)
    expect(test.status().frontier).toBe(8)
  })

  it('excludes partitions that are idle', async () => {
    const job = defineJob({
      name: 'idle',
      module: import.meta.url,
      build: (flow) =>
        void flow.source('in', realSource, { epochs: limitOutOfOrderness(0), idleAfterMs: 500 }).onTime.sink('out', realSink),
    })
    const source = testSource<number>({ partitions: ['a', 'b'] })
    await using test = await testJob(job, { sources: { in: source }, sinks: { out: testSink() } })
    source.partition('b').push(1, 1)
    source.partition('a').push(1, 3)
    await test.advanceTo(400)
    source.partition('a').push(2, 4)
    await test.advanceTo(499)
    expect(test.status().frontier).toBe(1)
    await test.advanceTo(500)
    expect(test.status().frontier).toBe(4)
    expect(test.status().sources).toMatchObject([
      { partition: 'a', excluded: false },
      { partition: 'b', excluded: true },
    ])
  })

  it('brings the restart of a job that has failed, and each failure is told once', async () => {
    let poison = 3
    const { numbers, out, test } = await start({ poison: () => poison })
    numbers.push(1, 1)
    await test.snapshot()
    numbers.push(3, 3)
    expect(await errorOf(test.settle())).toMatchObject({ code: 'ERR_OPERATOR_FAILED', message: expect.stringMatching(/3 is poison/) })
    expect(test.status().state).toBe('restarting')
    await test.settle()
    expect(test.failures).toHaveLength(1)
    expect(await errorOf(test.advanceBy(10))).toMatchObject({ code: 'ERR_OPERATOR_FAILED' })
    poison = 0
    await test.advanceBy(10_000)
    expect(test.status()).toMatchObject({ state: 'running', restarts: 2 })
    await test.finish()
    expect(committedIn(out)).toEqual([1, 4])
  })

  it('brings the end of a job that fails again and again', async () => {
    const { numbers, test } = await start({ poison: () => 3 })
    numbers.push(3, 3)
    expect(await errorOf(test.finish())).toMatchObject({ code: 'ERR_OPERATOR_FAILED' })
    expect(await errorOf(test.advanceBy(10_000))).toMatchObject({ code: 'ERR_OPERATOR_FAILED' })
    expect(test.status().state).toBe('failed')
    expect(test.failures).toHaveLength(11)
    expect(await errorOf(test.finish())).toMatchObject({ code: 'ERR_NOT_RUNNING', message: expect.stringMatching(/it is failed/) })
  })

  it('does not go back', async () => {
    const { test } = await start()
    await test.advanceTo(5)
    for (const ms of [4, Number.NaN, Number.POSITIVE_INFINITY])
      expect(await errorOf(test.advanceTo(ms))).toMatchObject({ code: 'ERR_OPERATOR_ARGUMENT' })
  })
})

describe('a wait that would never end', () => {
  const job = (source: Source<number, number, 'all'> | Source<number, number>, sink: object = realSink) =>
    defineJob({
      name: 'endless',
      module: import.meta.url,
      build: (flow) => void flow.source('in', source).sink('out', sink as typeof realSink),
    })

  it('is reported if a source never rests', async () => {
    function* naturals() {
      for (let n = 0; ; n++) yield n
    }
    const out = testSink()
    const error = await errorOf(testJob(job(fromIterable({ [Symbol.iterator]: naturals })), { sinks: { out }, stepsMax: 200 }))
    expect(error).toMatchObject({
      code: 'ERR_TEST_UNSETTLED',
      message: expect.stringMatching(/"endless".*200 steps at 0 ms.*read \d+ records/),
    })
  })

  it('is reported if a real sink does not answer', async () => {
    const numbers = testSource<number>()
    const partition = { write: () => {}, saturated: true, flush: () => new Promise(() => {}), snapshot: () => undefined, close: () => {} }
    const test = await testJob(job(realSource, { openPartition: () => partition }), { sources: { in: numbers } })
    numbers.push(1, 1)
    const error = await errorOf(test.settle())
    expect(error).toMatchObject({ code: 'ERR_TEST_UNSETTLED', message: expect.stringMatching(/in vain for flush of sink "out"/) })
  })

  it('is reported if the end does not come', async () => {
    const never = fromAsyncIterable({ [Symbol.asyncIterator]: () => ({ next: () => new Promise<IteratorResult<number>>(() => {}) }) })
    const test = await testJob(job(never), { sinks: { out: testSink() } })
    await test.settle()
    const error = await errorOf(test.finish())
    expect(error).toMatchObject({
      code: 'ERR_TEST_UNSETTLED',
      message: expect.stringMatching(/its end; partition .* of source "in" is idle/),
    })
  })
})

describe('replacements', () => {
  const [numbers, out] = [testSource<number>(), testSink()]
  const refused = async (replacements: object) => {
    const error = await errorOf(testJob(sums, { params: {}, ...replacements } as never))
    expect(error.code).toBe('ERR_TEST_REPLACEMENT')
    return error.message
  }

  it.each([
    [
      'a name that the job does not have',
      { sources: { number: numbers } },
      /no source "number".*Did you mean numbers\? Its sources are "numbers"\./,
    ],
    [
      'a sink that the job does not have',
      { sinks: { sum: out, sms: out } },
      /"sum" of job "sums" is an operator \(fold\) and no sink\. Did you mean sums\?/,
    ],
    ['a sink as a source', { sources: { sums: numbers } }, /"sums" of job "sums" is a sink and no source/],
    ['a name twice', { sources: { numbers }, sinks: { numbers: out } }, /"numbers".*replaced twice/],
    ['real ones that must be none', { sources: { numbers }, unreplaced: 'refuse' }, /real sink "sums"/],
  ])('refuse %s', async (_what, replacements, message) => {
    expect(await refused(replacements)).toMatch(message)
  })

  it('refuse one double for two names, and one that another test has used', async () => {
    const job = defineJob({
      name: 'two',
      module: import.meta.url,
      build(flow) {
        flow.source('a', realSource).sink('x', realSink)
        flow.source('b', realSource).sink('y', realSink)
      },
    })
    const sinks = { x: testSink(), y: testSink() }
    expect((await errorOf(testJob(job, { sources: { a: numbers, b: numbers }, sinks }))).message).toMatch(
      /The same double replaces "a" and "b"/,
    )
    const sources = { a: testSource<number>(), b: testSource<number>() }
    const test = await testJob(job, { sources, sinks })
    sources.a.push(1, 1)
    await test.settle()
    expect((await errorOf(testJob(job, { sources, sinks }))).message).toMatch(/"x" was used by another test/)
  })

  it('refuse options that do not exist', async () => {
    expect(await errorOf(testJob(sums, { params: {}, source: {} } as never))).toMatchObject({ code: 'ERR_OPERATOR_ARGUMENT' })
  })

  it('leave what is not named real', async () => {
    const read: number[] = []
    const job = defineJob({
      name: 'real',
      module: import.meta.url,
      build: (flow) =>
        void flow.source('in', fromIterable([1, 2, 3])).sink(
          'out',
          forEach((n) => void read.push(n)),
        ),
    })
    await using test = await testJob(job, { tasks: 'interpreted' })
    await test.finish()
    expect(read).toEqual([1, 2, 3])
  })

  it('leave the graph as it is', () => {
    const graph = sums.graph({})
    const source = { ...realSource }
    const replaced = replaceNodes(graph, { source: (node) => ({ ...node, source }), sink: (node) => node })
    expect(fingerprintOf(replaced.name, replaced.nodes)).toBe(graph.fingerprint)
    expect(replaced.nodes.map(({ name, kind }) => [name, kind])).toEqual(graph.nodes.map(({ name, kind }) => [name, kind]))
    // Whoever walks from a sink to its source arrives at what has replaced it.
    let node: GraphNode = replaced.nodes.find(({ role }) => role === 'sink') as GraphNode
    while (node.inputs[0] !== undefined) node = node.inputs[0].node
    expect((node as SourceNode).source).toBe(source)
  })
})
