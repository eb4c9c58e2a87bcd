import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callsJob } from '../fixture/calls-job.ts'
import type { ThreadsParams } from '../fixture/threads-job.ts'
import { multiThread } from '../host/multi-thread.ts'
import { processes } from '../host/processes.ts'
import { singleThread } from '../host/single-thread.ts'

const transport = new URL('../../../transport-zeromq/src/index.ts', import.meta.url).href
const PARTITIONS = 3
const RECORDS = 1_500
const KEYS = 10

let folder = ''
let folders = 0
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'malstrom-calls-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function paramsOf(): ThreadsParams & { readonly output: string } {
  const own = join(folder, `${++folders}`)
  return { partitions: PARTITIONS, records: RECORDS, keys: KEYS, directory: `${own}-state`, output: `${own}.txt`, pauseMs: 4 }
}

/** Throws unless every record of every key was counted once, and read against the rules at last. */
function checkOutput(output: string): void {
  const lines = readFileSync(output, 'utf8').trim().split('\n')
  expect(lines).toHaveLength(PARTITIONS * RECORDS)
  for (let key = 0; key < KEYS; key++) {
    const its = lines.filter((line) => line.startsWith(`${key} `)).map((line) => line.split(' ').map(Number))
    expect(its.map(([, count]) => count)).toEqual(Array.from({ length: (PARTITIONS * RECORDS) / KEYS }, (_, index) => index + 1))
    expect(its.at(-1)?.[2]).toBe(2)
  }
}

const slow = { timeout: 120_000 }

describe('operators that are woken by calls, and state that all workers know', () => {
  it('work in one thread', slow, async () => {
    const params = paramsOf()
    await singleThread({ snapshotIntervalMs: 50 }).run(callsJob, params)
    checkOutput(params.output)
  })

  it('work on several threads, and while their number changes', slow, async () => {
    const until = join(folder, 'until')
    const params = { ...paramsOf(), until }
    const execution = await multiThread({ workers: 1, snapshotIntervalMs: 50 }).start(callsJob, params)
    await execution.rescale(3)
    writeFileSync(until, '')
    await execution.finished
    expect(execution.status()).toMatchObject({ restarts: 0, recordsOut: PARTITIONS * RECORDS })
    checkOutput(params.output)
  })

  it('work in several processes', slow, async () => {
    const params = paramsOf()
    await processes({ workers: 2, transport, snapshotIntervalMs: 100 }).run(callsJob, params)
    checkOutput(params.output)
  })
})
