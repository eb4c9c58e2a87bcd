import type { JobStatus, PersistenceBackend } from '@malstrom/core'
import { defineJob } from '@malstrom/operators'
import { memoryPersistence } from '@malstrom/persistence'
import { ScriptedSource } from '@malstrom/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { turns } from '../fixture/event-loop.ts'
import { startInVirtualTime } from '../fixture/virtual-execution.ts'
import { MANIFEST_SCOPE } from '../snapshot/head.ts'
import type { WorkerHandle } from '../worker/worker-handle.ts'
import type { JobExecution } from './job-execution.ts'
import type { WorkerHost } from './worker-host.ts'

const after: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const action of after.splice(0)) await action()
})

/** A job that throws what it is told to, for every record while there is something to throw. */
async function start(backend: PersistenceBackend | undefined, host?: WorkerHost) {
  const source = new ScriptedSource<number>()
  const control: { thrown: Error | undefined } = { thrown: undefined }
  const job = defineJob({
    name: 'unlucky',
    module: import.meta.url,
    build: (flow) =>
      void flow
        .source('numbers', source)
        .inspect('look', () => {
          if (control.thrown !== undefined) throw control.thrown
        })
        .discard('end'),
  })
  const { execution, environment } = await startInVirtualTime(job, { backend, cluster: host && { workers: 2, host } })
  await environment.settle()
  after.push(() => execution.cancel())
  return { execution, environment, source, control }
}

/** A place for state of which the coordinator's part, once told so, is only closed when the test has ended. */
function slowToClose() {
  const inner = memoryPersistence()
  let resolve = () => {}
  let held = Promise.resolve()
  const letGo = () => resolve()
  const hold = () => {
    held = new Promise((release) => {
      resolve = release
    })
  }
  after.push(async () => letGo())
  const open = async (scope: string) => {
    const store = await inner.open(scope)
    if (scope !== MANIFEST_SCOPE) return store
    const close = store.close.bind(store)
    return Object.assign(store, { close: () => held.then(close) })
  }
  const backend: PersistenceBackend = { open, read: (scope) => inner.read(scope), close: () => inner.close() }
  return { backend, hold, letGo }
}

/** Workers elsewhere: one that is lost is known to have failed before it has been ended. */
function workersThatAreLost() {
  const workers: { lose(): void; end(): void }[] = []
  const host: WorkerHost = {
    async start({ id }) {
      let state: JobStatus['state'] = 'running'
      let reject: (error: Error) => void = () => {}
      const finished = new Promise<void>((_, refuse) => {
        reject = refuse
      })
      const lose = () => {
        state = 'failed'
      }
      const end = () => {
        lose()
        reject(new Error(`worker ${id} is gone`))
      }
      workers.push({ lose, end })
      const status = () => ({ job: 'unlucky', state, recordsIn: 0, recordsOut: 0, late: 0, skipped: 0, sources: [], operators: [] })
      const nothing = async () => {}
      return { id, finished, status, fail: () => {}, release: nothing, cancel: async () => end() } as unknown as WorkerHandle
    },
  }
  return { host, workers }
}

/** The states that can be seen from now on, without time passing. */
async function statesOf(execution: JobExecution): Promise<string[]> {
  const seen: string[] = []
  for (let turn = 0; turn < 30; turn++) {
    const { state } = execution.status()
    if (seen.at(-1) !== state) seen.push(state)
    await turns(1)
  }
  return seen
}

describe('the status of a job whose worker is lost', () => {
  it('is never that of a job that has failed, if it goes back to its last snapshot', async () => {
    const { backend, hold, letGo } = slowToClose()
    const { execution, environment, source, control } = await start(backend)
    hold()
    control.thrown = new Error('out of luck')
    source.push(1, 1)
    expect(await statesOf(execution)).toEqual(['running', 'restarting'])
    // Not all of it has ended, so nothing is decided; but it is known why.
    expect(execution.status().restarts).toBe(0)
    expect(await execution.explain()).toMatchObject({
      state: 'restarting',
      findings: [{ kind: 'not-running', message: expect.stringContaining('out of luck') }],
    })
    letGo()
    expect(await statesOf(execution)).toEqual(['restarting'])
    control.thrown = undefined
    await environment.advance(60_000)
    expect(execution.status()).toMatchObject({ state: 'running', restarts: 1 })
  })

  it('is never that of a failed job while a worker that is lost is ended by force, and while others still run', async () => {
    const { host, workers } = workersThatAreLost()
    const { execution } = await start(memoryPersistence(), host)
    expect(await statesOf(execution)).toEqual(['running'])
    const [first, second] = workers
    first?.lose()
    expect(await statesOf(execution)).toEqual(['restarting'])
    first?.end()
    expect(await statesOf(execution)).toEqual(['restarting'])
    expect((await execution.explain()).text).toContain('worker 0 is gone')
    expect(execution.status().restarts).toBe(0)
    second?.end()
    expect(await statesOf(execution)).toEqual(['restarting'])
    expect(execution.status().restarts).toBe(1)
  })

  it('is that of a failed job, if it is cancelled before it could go back', async () => {
    const { backend, hold, letGo } = slowToClose()
    const { execution, source, control } = await start(backend)
    hold()
    control.thrown = new Error('out of luck')
    source.push(1, 1)
    await statesOf(execution)
    const cancelled = execution.cancel()
    expect(await statesOf(execution)).toEqual(['failed'])
    letGo()
    await cancelled
    expect(execution.status()).toMatchObject({ state: 'failed', restarts: 0 })
  })

  it('is that of a failed job at once, if it has no state to go back to', async () => {
    const { execution, source, control } = await start(undefined)
    control.thrown = new Error('out of luck')
    source.push(1, 1)
    expect(await statesOf(execution)).toEqual(['running', 'failed'])
  })

  it('is that of a failed job at once, if going back would not help', async () => {
    const { execution, source, control } = await start(memoryPersistence())
    control.thrown = Object.assign(new Error('broken pipe'), { code: 'EPIPE' })
    source.push(1, 1)
    expect(await statesOf(execution)).toEqual(['running', 'failed'])
    expect(execution.status().restarts).toBe(0)
  })

  it('is that of a failed job at once, if there were too many restarts', async () => {
    const { execution, environment, source, control } = await start(memoryPersistence())
    control.thrown = new Error('out of luck')
    source.push(1, 1)
    await environment.advance(60_000)
    expect(execution.status()).toMatchObject({ state: 'failed', restarts: 10 })
    await expect(execution.finished).rejects.toThrow('out of luck')
  })
})
