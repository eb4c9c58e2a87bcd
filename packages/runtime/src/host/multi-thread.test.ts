import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryPersistence } from '@malstrom/persistence'
import { errorOf } from '@malstrom/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { idleJob } from '../fixture/idle-job.ts'
import { slowOpenJob } from '../fixture/slow-open-job.ts'
import { hiddenJob, localJob, type ThreadsParams, threadsJob } from '../fixture/threads-job.ts'
import { multiThread } from './multi-thread.ts'
import { singleThread } from './single-thread.ts'

let folder = ''
let folders = 0
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'malstrom-threads-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

type Params = ThreadsParams & { readonly output: string }

function paramsOf(more: Partial<ThreadsParams> = {}): Params {
  const own = join(folder, `${++folders}`)
  return { partitions: 3, records: 1_000, keys: 10, directory: `${own}-state`, output: `${own}.txt`, ...more } as Params
}

/** Of a job that goes on until `letEnd`. */
function openParamsOf(records: number): Params & { readonly until: string } {
  const params = paramsOf({ records, pauseMs: 4 })
  return { ...params, until: `${params.output}.until` }
}

const letEnd = ({ until }: { readonly until: string }) => writeFileSync(until, '')

/** Throws unless every record of every key was counted once, in order. */
function checkOutput({ output, partitions, records, keys }: Params): void {
  const lines = readFileSync(output, 'utf8').trim().split('\n')
  expect(lines).toHaveLength(partitions * records)
  for (let key = 0; key < keys; key++) {
    const counts = lines.filter((line) => line.startsWith(`${key} `)).map((line) => Number(line.split(' ')[1]))
    expect(counts).toEqual(Array.from({ length: (partitions * records) / keys }, (_, index) => index + 1))
  }
}

const quick = { timeout: 60_000 }

describe('multiThread', () => {
  it('runs a job on several threads, also on more than there are partitions', quick, async () => {
    const params = paramsOf()
    await multiThread({ workers: 4, snapshotIntervalMs: 20 }).run(threadsJob, params)
    checkOutput(params)
  })

  it('sums up what its workers do', quick, async () => {
    const { directory, output, ...params } = paramsOf()
    const execution = await multiThread({ workers: 2 }).start(threadsJob, params)
    await execution.finished
    expect(execution.status()).toMatchObject({ state: 'finished', recordsIn: 3_000, recordsOut: 3_000, frontier: Number.POSITIVE_INFINITY })
    expect(execution.status().operators.find(({ operator }) => operator === 'count')?.keys).toBe(10)
  })

  it('is rescaled up and down while records flow', quick, async () => {
    const params = openParamsOf(2_000)
    const execution = await multiThread({ workers: 1, snapshotIntervalMs: 100 }).start(threadsJob, params)
    await execution.rescale(3)
    const during = await errorOf(Promise.all([execution.rescale(2), execution.rescale(4)]))
    expect(during).toMatchObject({ code: 'ERR_RESCALE', message: expect.stringContaining('is being rescaled') })
    letEnd(params)
    await execution.finished
    expect(execution.status()).toMatchObject({ restarts: 0, recordsIn: 6_000, recordsOut: 6_000 })
    checkOutput(params)
  })

  it('counts on after a restart, also what workers have written that are no longer needed', quick, async () => {
    const params = openParamsOf(1_500)
    const execution = await multiThread({ workers: 3, snapshotIntervalMs: 50 }).start(threadsJob, params)
    await execution.rescale(1)
    await execution.suspend()
    letEnd(params)
    const second = await multiThread({ workers: 2 }).start(threadsJob, params)
    await second.finished
    expect(second.status()).toMatchObject({ recordsIn: 4_500, recordsOut: 4_500 })
    checkOutput(params)
  })

  it('goes on with another number of workers, in threads or not, from what it kept', quick, async () => {
    const params = openParamsOf(1_500)
    for (const workers of [2, 3]) {
      const execution = await multiThread({ workers, snapshotIntervalMs: 50 }).start(threadsJob, params)
      await new Promise((resolve) => setTimeout(resolve, 100))
      await execution.suspend()
      expect(execution.status().state).toBe('suspended')
    }
    const alone = await singleThread().start(threadsJob, params)
    await alone.suspend()
    letEnd(params)
    await multiThread({ workers: 2 }).run(threadsJob, params)
    checkOutput(params)
  })

  it('does not wait for the epochs of a worker whose partitions are idle', quick, async () => {
    const frontiers = new SharedArrayBuffer(8)
    const execution = await multiThread({ workers: 2 }).start(idleJob, { frontiers })
    await expect.poll(() => Math.min(...new Int32Array(frontiers)), { timeout: 30_000 }).toBeGreaterThan(50)
    await execution.cancel()
  })

  it('reads a partition that is still being opened when others have sent something', quick, async () => {
    const counted = new SharedArrayBuffer(4)
    await multiThread({ workers: 2 }).run(slowOpenJob, { counted })
    expect([...new Int32Array(counted)]).toEqual([2])
  })

  it('says where an operator failed', quick, async () => {
    const { directory, output, ...params } = paramsOf({ fail: { at: 77, how: 'throw' } })
    const error = await errorOf(multiThread({ workers: 2 }).run(threadsJob, params))
    expect(error).toMatchObject({ code: 'ERR_OPERATOR_FAILED', context: { operator: 'trouble', key: 7, timestamp: 77 } })
    expect(error.message).toContain('trouble')
  })

  it.each([
    ['exit', /thread of worker \d has ended|connection between workers is lost/],
    ['hang', /worker \d to give a sign of life/],
  ] as const)('fails if a thread does %s and there is no state', quick, async (how, message) => {
    const { directory, output, ...params } = paramsOf({ fail: { at: 77, how } })
    const error = await errorOf(multiThread({ workers: 2, workerSilenceMs: 1_000 }).run(threadsJob, params))
    expect(error.code).toBe('ERR_WORKER_LOST')
    expect(error.message).toMatch(message)
  })

  it('refuses what it cannot run, and says why', quick, async () => {
    const params = paramsOf()
    expect(() => multiThread({ workers: 0 })).toThrow(expect.objectContaining({ code: 'ERR_RESCALE' }))
    expect(() => multiThread({ workers: 2, workerSilenceMs: 1 })).toThrow(expect.objectContaining({ code: 'ERR_OPERATOR_ARGUMENT' }))
    const memory = { ...threadsJob, persistence: () => memoryPersistence() }
    expect(await errorOf(multiThread({ workers: 2 }).run(memory, params))).toMatchObject({ code: 'ERR_STATE_LOCATION' })
    const uncloneable = { ...params, output: (() => {}) as never }
    expect((await errorOf(multiThread({ workers: 2 }).run(threadsJob, uncloneable))).message).toContain('cannot be copied')
    const unknown = { ...hiddenJob, name: 'unknown' }
    expect(await errorOf(multiThread({ workers: 2 }).run(unknown, params))).toMatchObject({ code: 'ERR_JOB_NOT_FOUND' })
  })

  it('refuses a rescale that is none, and goes on unharmed', quick, async () => {
    const params = openParamsOf(500)
    const execution = await multiThread({ workers: 2 }).start(threadsJob, params)
    for (const workers of [0, -1, 1.5, 1_000, '3' as never]) {
      expect(await errorOf(execution.rescale(workers))).toMatchObject({ code: 'ERR_RESCALE' })
    }
    letEnd(params)
    await execution.finished
    expect(await errorOf(execution.rescale(3))).toMatchObject({ code: 'ERR_NOT_RUNNING' })
    checkOutput(params)
    const local = await multiThread({ workers: 2 }).start(localJob, openParamsOf(500))
    expect((await errorOf(local.rescale(3))).message).toContain('keyLocal')
    await local.cancel()
  })
})
