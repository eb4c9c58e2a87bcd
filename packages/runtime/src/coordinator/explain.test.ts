import type { Execution, Explanation, PersistenceBackend } from '@malstrom/core'
import { defineJob, type ExpireMap, type Flow, limitOutOfOrderness, type Stream } from '@malstrom/operators'
import { memoryPersistence } from '@malstrom/persistence'
import { ScriptedSink, ScriptedSource } from '@malstrom/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { type StuckParams, stuckJob } from '../fixture/stuck-job.ts'
import { startInVirtualTime } from '../fixture/virtual-execution.ts'
import { multiThread } from '../host/multi-thread.ts'

const after: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const action of after.splice(0)) await action()
})

/** A job in virtual time, in one thread. */
async function start(build: (flow: Flow) => void, backend?: PersistenceBackend) {
  const job = defineJob({ name: 'stuck', module: import.meta.url, build: (flow) => build(flow) })
  const { execution, environment } = await startInVirtualTime(job, { backend })
  await environment.settle()
  after.push(() => execution.cancel())
  return { execution, environment }
}

/** The findings of these kinds, in order; the others are told of in other tests. */
function findingsOf({ findings }: Explanation, ...kinds: string[]) {
  return findings.filter(({ kind }) => kinds.includes(kind))
}

const seen = (entries: ExpireMap<number, number, number>, n: number, _key: unknown, timestamp: number) =>
  [entries.size, entries.set(n, n, timestamp + 100)] as const

function countSeen(stream: Stream<number, number>) {
  return stream.keyLocal('key', (n) => n % 2).ttlMap('seen', seen)
}

// #region readme
/** The whole explanation, if a sink has been full for too long. */
async function alarm(execution: Execution, limitMs: number): Promise<string | undefined> {
  const { findings, text } = await execution.explain()
  return findings.some(({ kind, forMs = 0 }) => kind === 'back-pressure' && forMs > limitMs) ? text : undefined
}
// #endregion

describe('explain', () => {
  it('names the partition that holds the frontier back, its frontier and since when', async () => {
    const source = new ScriptedSource<number>(['fast', 'slow'])
    source.partition('slow').push(1, 10)
    const { execution, environment } = await start((flow) =>
      flow.source('clicks', source, { epochs: limitOutOfOrderness(0) }).onTime.discard('end'),
    )
    await environment.advance(5_000)
    source.partition('fast').give([1, 20], [2, 30])
    await environment.advance(2_000)
    const explained = await execution.explain()
    expect(explained).toMatchObject({ job: 'stuck', state: 'running', frontier: 10 })
    expect(findingsOf(explained, 'frontier')).toMatchObject([
      { worker: 0, operator: 'clicks', partition: 'slow', frontier: 10, forMs: 7_000 },
    ])
    expect(explained.text).toContain(
      'Partition "slow" of source "clicks" on worker 0 holds the frontier back: its own is 10, for 7.0 s, and it has had nothing to read for 7.0 s. With idleAfterMs,',
    )
    expect(findingsOf(explained, 'idle').map(({ partition, forMs }) => [partition, forMs])).toEqual([
      ['fast', 2_000],
      ['slow', 7_000],
    ])
  })

  it('names the partition that has had no epoch at all', async () => {
    const source = new ScriptedSource<number>(['a', 'b'])
    source.partition('a').push(1, 10)
    const { execution } = await start((flow) => flow.source('clicks', source, { epochs: limitOutOfOrderness(0) }).onTime.discard('end'))
    const explained = await execution.explain()
    expect(findingsOf(explained, 'frontier')).toMatchObject([{ partition: 'b', frontier: undefined }])
    expect(explained.text).toContain('Its frontier is not known yet.')
    expect(explained.text).toContain('it has had no epoch yet')
  })

  it('finds the source behind a union and its operators', async () => {
    const [ahead, behind] = [new ScriptedSource<number>(), new ScriptedSource<number>()]
    ahead.push(1, 100)
    behind.push(1, 7)
    const { execution } = await start((flow) => {
      const epochs = { epochs: limitOutOfOrderness(0) }
      const one = flow.source('ahead', ahead, epochs).onTime.map('one', (n) => n)
      one.union(flow.source('behind', behind, epochs).onTime.map('two', (n) => n)).discard('end')
    })
    expect(findingsOf(await execution.explain(), 'frontier')).toMatchObject([{ operator: 'behind', partition: 'all', frontier: 7 }])
  })

  it('names a source whose records make the epochs of an operator', async () => {
    const source = new ScriptedSource<number>().push(1, 7)
    const { execution, environment } = await start((flow) =>
      flow.source('clicks', source).generateEpochs('epochs', limitOutOfOrderness(0)).onTime.discard('end'),
    )
    await environment.advance(3_000)
    const explained = await execution.explain()
    expect(findingsOf(explained, 'frontier')).toMatchObject([{ operator: 'clicks', forMs: 3_000 }])
    expect(explained.text).toContain('through the records that "epochs" sees, and it has had nothing to read for 3.0 s')
  })

  it('tells of entries that wait for an epoch, and of partitions that nobody waits for', async () => {
    const source = new ScriptedSource<number>(['a', 'b'])
    source.partition('a').give([1, 10], [2, 20], [3, 30])
    const { execution, environment } = await start((flow) =>
      countSeen(flow.source('clicks', source, { epochs: limitOutOfOrderness(0), idleAfterMs: 1_000 }).onTime).discard('end'),
    )
    await environment.advance(1_500)
    const explained = await execution.explain()
    expect(findingsOf(explained, 'waiting')).toMatchObject([{ operator: 'seen', count: 2, frontier: 110 }])
    expect(explained.text).toContain('"seen" on worker 0 keeps 2 keys with entries; the first of them waits for the frontier to reach 110.')
    expect(explained.text).toContain('nothing to read for 1.5 s; the frontier does not wait for it.')
    expect(findingsOf(explained, 'no-epochs')).toEqual([])
  })

  it('names sources without epochs that lead to an operator which waits for them', async () => {
    const source = new ScriptedSource<number>().push(1, 10)
    const { execution } = await start((flow) => countSeen(flow.source('clicks', source)).discard('end'))
    expect(findingsOf(await execution.explain(), 'no-epochs', 'frontier', 'waiting')).toMatchObject([
      { kind: 'no-epochs', operator: 'seen', message: expect.stringContaining('source "clicks" upstream of it has none before its end') },
      { kind: 'waiting', operator: 'seen', count: 1 },
    ])
  })

  it('names the one source of a union that has no epochs', async () => {
    const { execution } = await start((flow) => {
      const timed = flow.source('timed', new ScriptedSource<number>().push(1, 1), { epochs: limitOutOfOrderness(0) }).onTime
      timed.union(flow.source('untimed', new ScriptedSource<number>())).discard('end')
    })
    expect(findingsOf(await execution.explain(), 'no-epochs', 'frontier')).toMatchObject([
      { kind: 'no-epochs', operator: 'end', message: expect.stringContaining('source "untimed"') },
    ])
  })

  it('names the sink that is saturated, since when, and what it holds up', async () => {
    const sink = new ScriptedSink({ capacity: 1, held: true })
    const source = new ScriptedSource<number>().push(1, 1)
    const { execution, environment } = await start((flow) =>
      flow
        .source('clicks', source)
        .flatMap('twice', (n) => [n, n, n])
        .sink('out', sink),
    )
    sink.release()
    await environment.advance(4_000)
    const explained = await execution.explain()
    expect(findingsOf(explained, 'back-pressure')).toMatchObject([{ operator: 'out', partition: 'all', worker: 0, forMs: 4_000, count: 2 }])
    expect(explained.findings[0]?.kind).toBe('back-pressure')
    expect(explained.text).toContain(
      'Sink "out" on worker 0 is saturated: its partition "all" has not written out what it has, for 4.0 s; 2 records wait for it at least.',
    )
    expect(await alarm(execution, 5_000)).toBeUndefined()
    expect(await alarm(execution, 3_000)).toBe(explained.text)
    sink.letGo()
  })

  it('counts what waits on the edges in front of a sink that is full', async () => {
    const sink = new ScriptedSink({ capacity: 1, held: true })
    const [one, two] = [new ScriptedSource<number>(), new ScriptedSource<number>()]
    one.partition('all').give(...Array.from({ length: 3_000 }, (_, n): [number, number] => [n, n]))
    const { execution } = await start((flow) => flow.source('one', one).union(flow.source('two', two)).sink('out', sink))
    const [finding] = findingsOf(await execution.explain(), 'back-pressure')
    expect(finding?.count).toBeGreaterThan(1_000)
    sink.letGo()
  })

  it('names the sink whose partition does not open', async () => {
    const sink = new ScriptedSink({ held: true, partitionOf: () => 'p7' })
    const source = new ScriptedSource<number>().push(1, 1)
    const { execution, environment } = await start((flow) => flow.source('clicks', source).sink('out', sink))
    await environment.advance(200)
    const explained = await execution.explain()
    expect(findingsOf(explained, 'back-pressure')).toMatchObject([{ operator: 'out', partition: 'p7', forMs: 200 }])
    expect(explained.text).toContain('waits for its partition "p7" to open, for 200 ms')
    sink.letGo()
  })

  it('tells what a snapshot under way waits for, and how old the last one is', async () => {
    const sink = new ScriptedSink()
    const source = new ScriptedSource<number>().push(1, 1)
    const { execution, environment } = await start((flow) => flow.source('clicks', source).sink('out', sink), memoryPersistence())
    expect((await execution.explain()).text).toContain('No snapshot yet.')
    await execution.snapshot()
    await environment.advance(9_000)
    sink.held = true
    const taken = execution.snapshot()
    await environment.advance(3_000)
    const { snapshot, findings, text } = await execution.explain()
    expect(snapshot).toEqual({
      version: 1,
      ageMs: 12_000,
      underWay: { version: 2, forMs: 3_000, waitsFor: ['sink "out" to write out what it has (worker 0)'] },
    })
    expect(findings[0]).toMatchObject({ kind: 'snapshot', forMs: 3_000 })
    expect(text).toContain('The last snapshot is version 1, 12.0 s old.')
    sink.letGo()
    expect(await taken).toBe(2)
    expect((await execution.explain()).snapshot).toEqual({ version: 2, ageMs: 0, underWay: undefined })
  })

  it('tells where the barrier of a snapshot is stuck', async () => {
    const sink = new ScriptedSink({ capacity: 1, held: true })
    const source = new ScriptedSource<number>().push(1, 1)
    const { execution, environment } = await start((flow) => flow.source('clicks', source).sink('out', sink), memoryPersistence())
    sink.release() // It opens, takes a record, and is full.
    await environment.settle()
    const taken = execution.snapshot()
    await environment.settle()
    const { snapshot } = await execution.explain()
    expect(snapshot.underWay?.waitsFor).toEqual(['its barrier to pass "clicks", which stands still because sink "out" is full (worker 0)'])
    sink.letGo()
    await taken
  })

  it('tells why a job goes back to its last snapshot, and that an ended one has ended', async () => {
    const source = new ScriptedSource<number>()
    let fails = true
    const { execution, environment } = await start(
      (flow) =>
        flow
          .source('clicks', source)
          .inspect('look', () => {
            if (fails) throw new Error('out of luck')
          })
          .discard('end'),
      memoryPersistence(),
    )
    source.push(1, 1)
    await environment.settle()
    const failed = await execution.explain()
    expect(failed).toMatchObject({
      state: 'restarting',
      findings: [{ kind: 'not-running', message: expect.stringContaining('out of luck') }],
    })
    fails = false
    await environment.advance(60_000)
    expect((await execution.explain()).state).toBe('running')
    source.finish()
    await environment.settle()
    await execution.finished
    expect((await execution.explain()).text).toContain('Nothing runs: it is finished.')
  })

  it('counts what is late and what is skipped', async () => {
    const source = new ScriptedSource<number>()
    source.partition('all').give([1, 10], [2, 5], [3, 20])
    const { execution } = await start((flow) => {
      const { onTime } = flow.source('clicks', source).generateEpochs('epochs', limitOutOfOrderness(0))
      onTime
        .map(
          'odd',
          (n) => {
            if (n === 3) throw new Error('three')
            return n
          },
          { onError: 'skip' },
        )
        .discard('end')
    })
    expect(findingsOf(await execution.explain(), 'late', 'skipped')).toMatchObject([
      { kind: 'late', operator: 'epochs', count: 1 },
      { kind: 'skipped', operator: 'odd', count: 1 },
    ])
  })
})

const quick = { timeout: 60_000 }

describe('explain on several threads', () => {
  async function stuck(params: Omit<StuckParams, 'open'>) {
    const open = new SharedArrayBuffer(4)
    const execution = await multiThread({ workers: 2, workerSilenceMs: 30_000 }).start(stuckJob, { ...params, open })
    after.push(async () => {
      Atomics.store(new Int32Array(open), 0, 1)
      await execution.cancel().catch(() => {})
    })
    return execution
  }

  async function until(explain: () => Promise<Explanation>, kind: string, of = [0, 1]): Promise<Explanation> {
    for (let tries = 0; tries < 200; tries++) {
      const explained = await explain()
      if (explained.findings.some((finding) => finding.kind === kind && of.includes(finding.worker ?? -1))) return explained
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    throw new Error(`There never was a finding of the kind ${kind}: ${(await explain()).text}`)
  }

  it('names the worker whose sink is full, and the exchange that waits for its credits', quick, async () => {
    const execution = await stuck({ full: 1 })
    // Credits may run out before the sink is full, which stays so.
    await until(() => execution.explain(), 'back-pressure', [1])
    const explained = await until(() => execution.explain(), 'credits', [0])
    expect(findingsOf(explained, 'back-pressure')).toMatchObject([{ operator: 'out', worker: 1 }])
    expect(findingsOf(explained, 'credits').find(({ worker }) => worker === 0)).toMatchObject({ operator: 'by number', toWorker: 1 })
  })

  it('names the partition that holds the frontier back, and its worker, behind an exchange', quick, async () => {
    const execution = await stuck({ silent: true })
    await expect.poll(() => execution.status().recordsOut, { timeout: 30_000 }).toBeGreaterThan(1)
    const explained = await until(() => execution.explain(), 'idle')
    const held = findingsOf(explained, 'frontier')
    expect(held).toMatchObject([{ operator: 'numbers', partition: 'quiet', frontier: 0 }])
    expect(held[0]?.worker).toBe(1)
  })

  it('names a worker that does not answer', quick, async () => {
    const execution = await stuck({ silent: true, hangAt: 100 })
    const explained = await until(() => execution.explain(), 'worker-silent')
    expect(findingsOf(explained, 'worker-silent')).toMatchObject([{ worker: 0 }])
    expect(explained.findings[0]?.kind).toBe('worker-silent')
  })
})
