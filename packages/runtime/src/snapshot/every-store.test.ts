import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PersistenceBackend } from '@malstrom/core'
import { defineJob, fromAsyncIterable, toArray } from '@malstrom/operators'
import { diskPersistence, memoryPersistence } from '@malstrom/persistence'
import { s3Persistence } from '@malstrom/persistence-s3'
import { slateDbPersistence } from '@malstrom/persistence-slatedb'
import { FakeS3 } from '@malstrom/services'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { singleThread } from '../host/single-thread.ts'

const directory = mkdtempSync(join(tmpdir(), 'malstrom-stores-'))
let server: FakeS3
beforeAll(async () => {
  server = await FakeS3.start({ buckets: ['state'] })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true, force: true })
})

const NUMBERS = 20_000
/** The sum of 0, 100, 200 and so on below 20,000: what key 0 comes to. */
const TOTAL = 1_990_000

const memory = memoryPersistence()
const credentials = { accessKeyId: 'key-of-a-test', secretAccessKey: 'secret-of-a-test' }
const stores: Readonly<Record<string, () => PersistenceBackend>> = {
  memory: () => memory,
  disk: () => diskPersistence(join(directory, 'disk')),
  S3: () =>
    s3Persistence({ bucket: 'state', prefix: 'job', endpoint: server.endpoint, region: 'us-east-1', forcePathStyle: true, credentials }),
  'SlateDB on disk': () => slateDbPersistence({ url: `file://${join(directory, 'slatedb')}` }),
}

describe('a job whose state is kept in', () => {
  it.each(Object.keys(stores))('%s goes on where it was suspended', { timeout: 60_000 }, async (name) => {
    const open = stores[name] as () => PersistenceBackend
    const out: number[] = []
    let release: () => void = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    async function* numbers() {
      for (let n = 0; n < NUMBERS; n++) {
        if (n === NUMBERS / 2) await released
        yield n
      }
    }
    const job = defineJob({
      name: 'every-store',
      module: import.meta.url,
      persistence: open,
      build: (flow) =>
        flow
          .source('n', fromAsyncIterable(numbers))
          .keyLocal('rest', (n) => n % 100)
          .fold(
            'sum',
            () => ({ sum: 0 }),
            (state, n) => {
              state.sum += n
              return state
            },
          )
          .filter('complete', ({ sum }) => sum === TOTAL)
          .map('total', ({ sum }) => sum)
          .sink('out', toArray(out)),
    })
    const first = await singleThread().start(job)
    await first.snapshot()
    const version = await first.suspend()
    const before = first.status().recordsIn
    expect(before).toBeLessThanOrEqual(NUMBERS / 2)
    release()
    const second = await singleThread().start(job)
    expect(second.status()).toMatchObject({ snapshot: version, recordsIn: before })
    await second.finished
    expect(second.status()).toMatchObject({ state: 'finished', recordsIn: NUMBERS })
    // Only one key has this total, and only with every one of its numbers counted once.
    expect(out).toEqual([TOTAL])
  })
})
