import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { errorOf } from '@malstrom/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ThreadsParams, threadsJob } from '../fixture/threads-job.ts'
import { processes } from './processes.ts'

const transport = new URL('../../../transport-zeromq/src/index.ts', import.meta.url).href

let folder = ''
let folders = 0
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'malstrom-processes-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function paramsOf(more: Partial<ThreadsParams> = {}): ThreadsParams & { readonly output: string } {
  const own = join(folder, `${++folders}`)
  return { partitions: 3, records: 1_000, keys: 10, directory: `${own}-state`, output: `${own}.txt`, ...more }
}

/** Throws unless every record of every key was counted once, in order. */
function checkOutput({ output, partitions, records, keys }: ReturnType<typeof paramsOf>): void {
  const lines = readFileSync(output, 'utf8').trim().split('\n')
  expect(lines).toHaveLength(partitions * records)
  for (let key = 0; key < keys; key++) {
    const counts = lines.filter((line) => line.startsWith(`${key} `)).map((line) => Number(line.split(' ')[1]))
    expect(counts).toEqual(Array.from({ length: (partitions * records) / keys }, (_, index) => index + 1))
  }
}

const slow = { timeout: 120_000 }

describe('processes', () => {
  it('runs a job on several processes and rescales it while it runs', slow, async () => {
    const until = join(folder, 'until')
    const params = paramsOf({ records: 2_000, pauseMs: 4, until })
    const execution = await processes({ workers: 1, transport, snapshotIntervalMs: 100 }).start(threadsJob, params)
    await execution.rescale(2)
    writeFileSync(until, '')
    await execution.finished
    expect(execution.status()).toMatchObject({ restarts: 0, recordsIn: 6_000, recordsOut: 6_000 })
    checkOutput(params)
  })

  it('goes back to its last snapshot when a process ends, and counts everything once', slow, async () => {
    const once = join(folder, 'trouble-once')
    const params = paramsOf({ records: 2_000, pauseMs: 4, fail: { at: 1_200, how: 'exit', once } })
    const execution = await processes({ workers: 2, transport, snapshotIntervalMs: 100 }).start(threadsJob, params)
    await execution.finished
    expect(execution.status().restarts).toBe(1)
    checkOutput(params)
  })

  it('says what is wrong', slow, async () => {
    expect(() => processes({ workers: 2 } as never)).toThrow(expect.objectContaining({ code: 'ERR_OPERATOR_ARGUMENT' }))
    expect(() => processes({ workers: 0, transport })).toThrow(expect.objectContaining({ code: 'ERR_RESCALE' }))
    const unknown = { ...threadsJob, name: 'unknown' }
    expect(await errorOf(processes({ workers: 1, transport }).run(unknown, paramsOf()))).toMatchObject({ code: 'ERR_JOB_NOT_FOUND' })
    const nowhere = processes({ workers: 1, transport: 'file:///nowhere.js' })
    expect((await errorOf(nowhere.run(threadsJob, paramsOf()))).message).toContain('nowhere')
  })
})
