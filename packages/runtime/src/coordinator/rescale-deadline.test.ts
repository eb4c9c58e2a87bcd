import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { errorOf, VirtualEnvironment } from '@malstrom/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { stalledJob } from '../fixture/stalled-job.ts'
import { multiThread } from '../host/multi-thread.ts'
import type { WorkerHandle } from '../worker/worker-handle.ts'
import type { WorkerReport } from '../worker/worker-report.ts'
import type { GenerationState } from './generation-options.ts'
import { RescaleDeadline } from './rescale-deadline.ts'
import { SnapshotWatch } from './snapshot-watch.ts'

const after: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const action of after.splice(0)) await action()
})

const TIMEOUT_MS = 60_000

function deadlineOf(timeoutMs: number) {
  const environment = new VirtualEnvironment()
  const graph = { name: 'orders', nodes: [], fingerprint: '' }
  const state = { timeoutMs } as GenerationState
  const watch = new SnapshotWatch(environment, undefined)
  return { environment, deadline: new RescaleDeadline({ graph, environment, state, watch, before: 2, count: 3 }) }
}

/** A worker that has moved everything, or never will because its sink is full. */
function handleOf(id: number, isFull: boolean): WorkerHandle {
  const waiting = isFull ? { what: 'room', partition: 'all', forMs: 1 } : undefined
  const report = { worker: id, tasks: [{ sinks: [{ sink: 'out', frontier: 0, held: 0, waiting }] }], snapshotWaits: [] }
  return {
    id,
    rerouted: () => (isFull ? new Promise(() => {}) : Promise.resolve()),
    explain: async () => report as unknown as WorkerReport,
  } as unknown as WorkerHandle
}

describe('a rescale that takes too long', () => {
  it('fails with what it waited for if not everything has moved, and goes on from its own snapshot', async () => {
    const { environment, deadline } = deadlineOf(TIMEOUT_MS)
    const moving = errorOf(deadline.moved(7, [handleOf(0, false), handleOf(1, true)]))
    await environment.advance(TIMEOUT_MS)
    expect(await moving).toMatchObject({
      code: 'ERR_TIMEOUT',
      message:
        'The rescale of job "orders" to 3 workers has failed: after 60.0 s not everything had moved. It waited for worker 1 to have what comes to it and to be rid of ' +
        'what leaves it, sink "out" to have room (worker 1). The job goes back to snapshot 7, which is that of the rescale, and goes on with 3 workers. ' +
        'If that is no failure, raise snapshotTimeoutMs.',
    })
  })

  it('waits for ever if that was asked for', async () => {
    const { environment, deadline } = deadlineOf(Number.POSITIVE_INFINITY)
    let settled = false
    const settle = () => {
      settled = true
    }
    deadline.moved(7, [handleOf(0, true)]).then(settle, settle)
    await environment.advance(1_000 * TIMEOUT_MS)
    expect(settled).toBe(false)
  })

  it('names the sink in front of which its marker stands; the job goes on with the workers it had, and can be rescaled later', {
    timeout: 60_000,
  }, async () => {
    const open = new SharedArrayBuffer(4)
    const directory = await mkdtemp(join(tmpdir(), 'malstrom-marker-'))
    after.push(() => rm(directory, { recursive: true, force: true }))
    const causes: unknown[] = []
    const runtime = multiThread({
      workers: 2,
      snapshotIntervalMs: Number.POSITIVE_INFINITY,
      snapshotTimeoutMs: 1_000,
      onRestart: (cause) => causes.push(cause),
    })
    const execution = await runtime.start(stalledJob, { open, full: 1, directory })
    after.unshift(() => execution.cancel())
    const isFull = async () => (await execution.explain()).findings.some(({ kind, worker }) => kind === 'back-pressure' && worker === 1)
    await expect.poll(isFull, { timeout: 30_000 }).toBe(true)
    const error = await errorOf(execution.rescale(3))
    expect(error).toMatchObject({ code: 'ERR_TIMEOUT' })
    expect((error as Error).message).toContain('sink "out" is full (worker 1)')
    expect((error as Error).message).toContain('The job goes back to its last snapshot, and goes on with 2 workers, as before.')
    Atomics.store(new Int32Array(open), 0, 1)
    await expect.poll(() => causes, { timeout: 30_000 }).toEqual([error])
    await expect.poll(() => execution.status().state, { timeout: 30_000 }).toBe('running')
    expect(await execution.snapshot()).toBe(1)
    await execution.rescale(3)
    expect(execution.status()).toMatchObject({ state: 'running', snapshot: 2, restarts: 1 })
  })
})
