import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PersistenceBackend } from '@malstrom/core'
import { defineJob, type Flow } from '@malstrom/operators'
import { memoryPersistence } from '@malstrom/persistence'
import { errorOf, runAccounts, ScriptedSink, ScriptedSource, VirtualEnvironment } from '@malstrom/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { planted } from '../fixture/planted-bugs.ts'
import { stalledJob } from '../fixture/stalled-job.ts'
import { startInVirtualTime } from '../fixture/virtual-execution.ts'
import { multiThread } from '../host/multi-thread.ts'
import { SinkStation } from '../sink/sink-station.ts'
import { SnapshotReader } from '../snapshot/snapshot-reader.ts'

const after: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const action of after.splice(0)) await action()
})

const TIMEOUT_MS = 1_000

/** A job in virtual time, in one thread. */
async function start(build: (flow: Flow) => void, backend: PersistenceBackend, snapshotIntervalMs = Number.POSITIVE_INFINITY) {
  const job = defineJob({ name: 'stalled', module: import.meta.url, build: (flow) => build(flow) })
  const abandoned: unknown[] = []
  const { execution, environment } = await startInVirtualTime(job, {
    backend,
    ownsBackend: false,
    snapshotIntervalMs,
    snapshotTimeoutMs: TIMEOUT_MS,
    abandoned: (error) => abandoned.push(error),
  })
  await environment.settle()
  after.push(() => execution.cancel())
  return { execution, environment, abandoned }
}

/** Two sinks of the same numbers, of which one takes a record and then no more until it is let go. */
function quickBesideStalled(keepsStaged: boolean) {
  const source = new ScriptedSource<number>()
  const [quick, slow] = [new ScriptedSink({ keepsStaged }), new ScriptedSink({ capacity: 1, keepsStaged })]
  const build = (flow: Flow) => {
    const numbers = flow.source('numbers', source)
    numbers.union(flow.source('none', new ScriptedSource<number>())).sink('slow', slow)
    numbers.sink('quick', quick)
  }
  slow.held = true
  return { source, quick, slow, build }
}

/** Sums that are saved, and a sink that takes two records and then no more until it is let go. */
function stalledSums() {
  const [source, sink, backend] = [new ScriptedSource<number>(), new ScriptedSink({ capacity: 2 }), memoryPersistence()]
  const build = (flow: Flow) =>
    flow
      .source('numbers', source)
      .keyLocal('all', () => 'all')
      .fold(
        'sum',
        () => ({ sum: 0 }),
        (state, n) => {
          state.sum += n
          return state
        },
      )
      .map('number', ({ sum }) => sum)
      .sink('out', sink)
  return { source, sink, backend, build }
}

async function sumIn(backend: PersistenceBackend, version: number): Promise<unknown> {
  const reader = await SnapshotReader.open(backend)
  const [stored] = await reader.states(await reader.read(version), 'sum')
  return stored?.state
}

describe('a snapshot that takes too long', () => {
  it('is abandoned and says what it waited for; the job goes on, and later snapshots are right', async () => {
    const { source, sink, backend, build } = stalledSums()
    const { execution, environment } = await start(build, backend)
    source.push(1, 1)
    await environment.settle()
    expect(await execution.snapshot()).toBe(1)
    sink.held = true
    source.partition('all').give([10, 2], [100, 3], [1_000, 4])
    await environment.settle()
    const taking = errorOf(execution.snapshot())
    await environment.advance(TIMEOUT_MS - 1)
    expect((await execution.explain()).snapshot.underWay).toMatchObject({ version: 2 })
    await environment.advance(2)
    expect(await taking).toMatchObject({
      code: 'ERR_SNAPSHOT_TIMEOUT',
      message:
        'Snapshot 2 of job "stalled" was abandoned after 1.0 s: it waited for its barrier to pass "numbers", which stands still because sink "out" is full (worker 0). ' +
        'The job goes on; the next snapshot is tried when it is due. If that is no failure, raise snapshotTimeoutMs.',
    })
    expect(execution.status()).toMatchObject({ state: 'running', snapshot: 1, restarts: 0 })
    expect((await execution.explain()).snapshot.underWay).toBeUndefined()
    sink.letGo()
    await environment.settle()
    expect(sink.written).toEqual(['all 1', 'all 11', 'all 111', 'all 1111'])
    expect(await execution.snapshot()).toBe(3)
    expect(await sumIn(backend, 3)).toEqual({ sum: 1_111 })
    source.push(10_000, 5)
    await environment.settle()
    await execution.suspend()
    const again = await start(build, backend)
    source.push(100_000, 6)
    await again.environment.settle()
    expect(sink.written.at(-1)).toBe('all 111111')
  })

  it('is told of if nobody has asked for it, and the next one is taken when it is due', async () => {
    const { source, sink, backend, build } = stalledSums()
    sink.held = true
    const { execution, environment, abandoned } = await start(build, backend, 5_000)
    source.partition('all').give([1, 1], [2, 2], [3, 3])
    await environment.advance(5_000 + TIMEOUT_MS)
    expect(abandoned).toMatchObject([{ code: 'ERR_SNAPSHOT_TIMEOUT' }])
    sink.letGo()
    await environment.advance(4_999)
    expect(execution.status().snapshot).toBeUndefined()
    await environment.advance(1)
    expect(execution.status()).toMatchObject({ state: 'running', snapshot: 2, restarts: 0 })
  })

  it('lets a suspended job go on', async () => {
    const { source, sink, backend, build } = stalledSums()
    sink.held = true
    const { execution, environment } = await start(build, backend, 5_000)
    source.partition('all').give([1, 1], [2, 2], [3, 3])
    await environment.settle()
    const suspended = errorOf(execution.suspend())
    await environment.advance(TIMEOUT_MS)
    expect(await suspended).toMatchObject({ code: 'ERR_SNAPSHOT_TIMEOUT' })
    sink.letGo()
    source.push(4, 4)
    await environment.advance(5_000)
    expect(sink.written.at(-1)).toBe('all 10')
    expect(execution.status()).toMatchObject({ state: 'running', snapshot: 2 })
    await execution.suspend()
    expect(execution.status()).toMatchObject({ state: 'suspended', snapshot: 3 })
  })

  it('holds no input back that had delivered its barrier', async () => {
    const [free, stalled] = [new ScriptedSource<number>(), new ScriptedSource<number>()]
    const [merged, own] = [new ScriptedSink(), new ScriptedSink({ capacity: 1 })]
    own.held = true
    const { execution, environment } = await start((flow) => {
      const branches = flow.source('stalled', stalled).cloned('twice', 2)
      branches[0].sink('own', own)
      flow.source('free', free).union(branches[1]).sink('merged', merged)
    }, memoryPersistence())
    stalled.partition('all').give([1, 1], [2, 2])
    await environment.settle()
    const taking = errorOf(execution.snapshot())
    await environment.settle()
    free.push(100, 1)
    await environment.advance(TIMEOUT_MS - 1)
    expect(merged.written).not.toContain('all 100')
    await environment.advance(1)
    expect(await taking).toMatchObject({ code: 'ERR_SNAPSHOT_TIMEOUT' })
    await environment.settle()
    expect(merged.written).toContain('all 100')
    own.letGo()
    await environment.settle()
    expect(await execution.snapshot()).toBe(2)
    free.push(101, 2)
    stalled.push(3, 3)
    await environment.settle()
    expect([merged.written.at(-1), merged.count('write'), own.count('write')]).toEqual([expect.any(String), 5, 3])
  })

  it('takes the job back if a sink has staged output that only its commit would have made visible', async () => {
    const { source, quick, slow, build } = quickBesideStalled(false)
    const { execution, environment } = await start(build, memoryPersistence())
    source.push(1, 1)
    await environment.settle()
    const taking = errorOf(execution.snapshot())
    await environment.advance(TIMEOUT_MS)
    const error = await taking
    expect(error).toMatchObject({ code: 'ERR_SNAPSHOT_TIMEOUT' })
    expect((error as Error).message).toContain(
      'A sink had staged output for it that it cannot keep for the next one, so the job goes back to its last snapshot.',
    )
    slow.letGo()
    await environment.advance(5_000)
    expect(execution.status()).toMatchObject({ state: 'running', restarts: 1 })
    expect(quick.written).toEqual(['all 1', 'all 1'])
    expect(await execution.snapshot()).toBe(1)
    expect(quick.count('commit')).toBe(1)
  })

  it('leaves to the next one what sinks have staged that can keep it, and tells only those that have', async () => {
    const { source, quick, slow, build } = quickBesideStalled(true)
    const { execution, environment } = await start(build, memoryPersistence())
    source.push(1, 1)
    await environment.settle()
    for (const version of [1, 2]) {
      const taking = errorOf(execution.snapshot())
      await environment.advance(TIMEOUT_MS)
      expect(((await taking) as Error).message).toContain(`Snapshot ${version} of job "stalled" was abandoned`)
      expect(((await taking) as Error).message).toContain('The job goes on; the next snapshot is tried when it is due.')
      await environment.settle()
    }
    slow.letGo()
    await environment.settle()
    expect(await execution.snapshot()).toBe(3)
    expect(execution.status()).toMatchObject({ state: 'running', restarts: 0 })
    expect(quick.written).toEqual(['all 1'])
    expect(quick.log.filter((entry) => !entry.startsWith('flush'))).toEqual([
      ...[
        'open all',
        'write all 1',
        'snapshot all 1',
        'abandon all 1',
        'snapshot all 2',
        'abandon all 2',
        'snapshot all 3',
        'commit all 3',
      ],
    ])
    expect(slow.count('abandon')).toBe(0)
  })

  it('is found by the simulator if sinks are not told, so that what they have staged is forgotten', { timeout: 120_000 }, async () => {
    const takeOut = planted(SinkStation.prototype, 'abandon', () => () => true)
    const problems: string[] = []
    try {
      for (let seed = 1; seed <= 20 && problems.length === 0; seed++) {
        await runAccounts({ seed, faults: { stalls: 0.01 }, snapshotTimeoutMs: 500 }).catch((error: Error) =>
          problems.push(`${seed}: ${error.message}`),
        )
      }
    } finally {
      takeOut()
    }
    console.info(`found with seed ${problems[0]}`)
    expect(problems).toHaveLength(1)
  })

  it('is abandoned on all workers, and names the one that it waited for', { timeout: 60_000 }, async () => {
    const open = new SharedArrayBuffer(4)
    const directory = await mkdtemp(join(tmpdir(), 'malstrom-stalled-'))
    after.push(() => rm(directory, { recursive: true, force: true }))
    const runtime = multiThread({ workers: 2, snapshotIntervalMs: Number.POSITIVE_INFINITY, snapshotTimeoutMs: 500, onRestart: () => {} })
    const params = { open, full: 1, directory }
    const execution = await runtime.start(stalledJob, params)
    after.unshift(() => execution.cancel())
    const isFull = async () => (await execution.explain()).findings.some(({ kind, worker }) => kind === 'back-pressure' && worker === 1)
    await expect.poll(isFull, { timeout: 30_000 }).toBe(true)
    const error = await errorOf(execution.snapshot())
    expect(error).toMatchObject({ code: 'ERR_SNAPSHOT_TIMEOUT' })
    expect((error as Error).message).toContain('sink "out" is full (worker 1)')
    expect(execution.status()).toMatchObject({ state: 'running', restarts: 0 })
    Atomics.store(new Int32Array(open), 0, 1)
    // Until the first records have passed, it would be abandoned again.
    await expect.poll(isFull, { timeout: 30_000 }).toBe(false)
    expect(await execution.snapshot()).toBe(2)
    const version = await execution.suspend()
    const { recordsOut } = execution.status()
    const again = await multiThread({ workers: 1 }).start(stalledJob, params)
    after.unshift(() => again.cancel())
    expect(again.status().snapshot).toBe(version)
    await expect.poll(() => again.status().recordsOut, { timeout: 30_000 }).toBeGreaterThan(recordsOut)
    expect(execution.status()).toMatchObject({ restarts: 0 })
  })
})
