import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { defineJob, fromAsyncIterable, toArray } from '@malstrom/operators'
import { singleThread } from '@malstrom/runtime'
import { S3Gateway, whyNoS3Gateway } from '@malstrom/services'
import { objectStoreSuite } from '@malstrom/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rejection } from './fixture/connect.ts'
import { CountingProcess } from './fixture/counting-process.ts'
import type { S3Options } from './s3-options.ts'
import { s3Persistence } from './s3-persistence.ts'

const missing = await whyNoS3Gateway()

describe.skipIf(missing !== undefined)(`s3Persistence and a real S3 server ${missing ?? ''}`, () => {
  let gateway: S3Gateway
  let folder: string
  let places = 0

  beforeAll(async () => {
    gateway = await S3Gateway.start()
    folder = await mkdtemp(join(tmpdir(), 'malstrom-s3-e2e-'))
  })
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]()
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  })

  const connect = (options: Partial<S3Options> = {}) => {
    const { endpoint, region, credentials } = gateway
    return s3Persistence({ bucket: 'bucket', prefix: `jobs/${places}`, endpoint, region, credentials, ...options })
  }

  objectStoreSuite('s3Persistence on a real S3 server', {
    create() {
      places++
      return connect()
    },
    reopen: () => connect(),
    nested: false,
  })

  it('says what to do about a missing bucket, an unknown key and a wrong secret, and shows no secret', async () => {
    const wrong = { ...gateway.credentials, secretAccessKey: 'another-secret' }
    const unknown = { ...gateway.credentials, accessKeyId: 'somebody' }
    for (const [options, what, advice] of [
      [{ bucket: 'nowhere' }, 'NoSuchBucket', 'Create it'],
      [{ credentials: unknown }, 'InvalidAccessKeyId', 'Check access key'],
      [{ credentials: wrong }, 'SignatureDoesNotMatch', 'Check access key'],
    ] as const) {
      const error = await rejection(connect(options).open('manifest'))
      expect(error).toMatchObject({ code: 'ERR_STORE', outcome: 'failed' })
      expect(error.message).toContain(what)
      expect(error.message).toContain(advice)
      for (const { secretAccessKey } of [wrong, gateway.credentials]) expect(error.message).not.toContain(secretAccessKey)
    }
  })

  it('uploads in parts what is large', async () => {
    const backend = connect({ prefix: 'parts', partBytes: 5 * 1024 * 1024 })
    const store = await backend.open('worker-0')
    const large = Uint8Array.from({ length: 12 * 1024 * 1024 }, (_, i) => (i * 7) & 255)
    const etag = await store.put('large', large)
    const read = await store.get('large')
    expect(read?.etag).toBe(etag)
    expect(Buffer.compare(read?.bytes ?? Buffer.alloc(0), large)).toBe(0)
    await backend.close()
  })

  it('a second start of a job takes over, and the first can commit nothing any more', { timeout: 60_000 }, async () => {
    let release: () => void = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const outputs: number[][] = []
    const start = () => {
      const out: number[] = []
      outputs.push(out)
      async function* numbers() {
        for (let n = 0; n < 200; n++) {
          if (n === 100) await released
          yield n
        }
      }
      const job = defineJob({
        name: 'taken over',
        module: import.meta.url,
        persistence: () => connect({ prefix: 'taken-over' }),
        build: (flow) => flow.source('n', fromAsyncIterable(numbers)).sink('out', toArray(out)),
      })
      return singleThread({ snapshotIntervalMs: 60_000 }).start(job)
    }
    const first = await start()
    const version = await first.snapshot()
    const failed = rejection(first.finished)
    const second = await start()
    expect(second.status().snapshot).toBe(version)
    await rejection(first.snapshot())
    expect((await failed).code).toBe('ERR_FENCED')
    release()
    await second.finished
    expect(outputs[1]?.at(-1)).toBe(199)
  })

  it('a job that is killed, and whose store is killed, goes on without a loss or a double', { timeout: 120_000 }, async () => {
    const records = 9_000
    const output = join(folder, `${randomUUID()}.txt`)
    const { endpoint, region, credentials } = gateway
    const settings = { endpoint, region, credentials, output, records }
    const head = async () => (await (await connect({ prefix: 'counting' }).read('manifest')).get('head.json'))?.etag
    {
      await using job = new CountingProcess(settings)
      expect(await job.openedAt()).toBe(0)
      const claimed = await head()
      await expect.poll(head, { timeout: 20_000 }).not.toBe(claimed)
      await sleep(Math.random() * 200)
      job.kill('SIGKILL')
      await job.ended()
    }
    await using last = new CountingProcess(settings)
    expect(await last.openedAt()).toBeGreaterThan(0)
    await gateway.stop('SIGKILL')
    await sleep(500)
    await gateway.restart()
    expect(await last.ended(), last.printed).toBe(0)
    expect((await readFile(output, 'utf8')).trimEnd().split('\n').sort()).toEqual(countsOf(records).sort())
  })
})

// A store of yours as well: MALSTROM_S3_BUCKET names an existing bucket, MALSTROM_S3_ENDPOINT the address if it is not AWS; credentials as
// for the AWS SDK.
const { MALSTROM_S3_BUCKET: bucket, MALSTROM_S3_ENDPOINT: endpoint } = process.env
if (bucket !== undefined) {
  let prefix = ''
  const there = () => s3Persistence({ bucket, prefix, ...(endpoint === undefined ? {} : { endpoint }) })
  objectStoreSuite(`s3Persistence in the bucket ${bucket}`, {
    create() {
      prefix = `malstrom-test/${randomUUID()}`
      return there()
    },
    reopen: there,
    nested: endpoint === undefined,
    timeoutMs: 120_000,
  })
}

/** What the counting job writes if nothing goes wrong. */
function countsOf(records: number): string[] {
  const totals = Array.from({ length: 7 }, () => ({ count: 0, sum: 0 }))
  return Array.from({ length: records }, (_, n) => {
    const total = totals[n % 7] as { count: number; sum: number }
    total.count++
    total.sum += n
    return `rest ${n % 7}: ${total.count} ${total.sum}`
  })
}
