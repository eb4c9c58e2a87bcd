import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MalstromError } from '@malstrom/core'
import { defineJob } from '@malstrom/operators'
import { memoryPersistence } from '@malstrom/persistence'
import { multiThread, singleThread } from '@malstrom/runtime'
import { KafkaServer, whyNoKafka } from '@malstrom/services'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openKafka } from '../client/kafka-connection.ts'
import { ledgerProblem } from '../fixture/ledger-process.ts'
import { ReleasedNumbers } from '../fixture/released-numbers.ts'
import { COUNT, GO_ON, rescaledJob } from '../fixture/rescaled-job.ts'
import { totalsJob } from '../fixture/totals-job.ts'
import { type KafkaSinkOptions, kafkaSink } from './kafka-sink.ts'
import { partitionOfKey } from './murmur2.ts'

const missing = await whyNoKafka()

describe.skipIf(missing !== undefined)(`kafkaSink and a real Kafka ${missing ?? ''}`, { timeout: 120_000 }, () => {
  let kafka: KafkaServer
  let jobs = 0
  /** Recent, or Kafka deletes the records at once. */
  const nowMs = Date.now()

  beforeAll(async () => {
    kafka = await KafkaServer.start()
  }, 120_000)
  afterAll(() => kafka?.[Symbol.asyncDispose]())

  function start(source: ReleasedNumbers, options: Partial<KafkaSinkOptions<number, string, number>>, snapshotIntervalMs?: number) {
    const job = defineJob({
      name: `job-${++jobs}`,
      module: import.meta.url,
      build(flow) {
        flow
          .source('numbers', source)
          .keyLocal('by rest', (n) => `k${n % 5}`)
          .sink('out', kafkaSink({ brokers: kafka.brokers, topic: 'missing', encode: (n: number) => `${n}`, ...options }))
      },
    })
    // Without state there are no restarts, so the first failure is the one that is seen.
    return singleThread(snapshotIntervalMs === undefined ? {} : { persistence: memoryPersistence(), snapshotIntervalMs }).start(job)
  }

  async function run(count: number, options: Partial<KafkaSinkOptions<number, string, number>>): Promise<void> {
    await (await start(new ReleasedNumbers(count), options)).finished
  }

  const failure = (running: Promise<unknown>) =>
    running.then(
      () => new Error('it did not fail'),
      (thrown: unknown) => thrown as MalstromError,
    )

  const numbersTo = (count: number) => Array.from({ length: count }, (_, n) => n)

  const inOrder = (records: readonly { value: string | null }[]) => records.map(({ value }) => Number(value)).toSorted((a, b) => a - b)

  it('writes keys, values, headers and timestamps where Java looks for them, with every compression', async () => {
    await kafka.createTopic('whole', 3)
    const runs = [
      ['at-least-once', 'none'],
      ['exactly-once', 'gzip'],
      ['at-least-once', 'snappy'],
      ['exactly-once', 'lz4'],
    ] as const
    for (const [index, [delivery, compression]] of runs.entries()) {
      await run(20, {
        topic: 'whole',
        delivery,
        compression,
        encode: (n) => (n === 7 ? null : `value ${n}`.repeat(20)),
        headers: (n) => [['with', `${compression} ${n}`]],
        timestamp: (n) => nowMs + 20 * index + n,
      })
    }
    const read = (await kafka.consume('whole')).toSorted((a, b) => a.timestamp - b.timestamp)
    const expected = runs.flatMap(([, compression], index) =>
      numbersTo(20).map((n) => ({
        key: `k${n % 5}`,
        partition: partitionOfKey(Buffer.from(`k${n % 5}`), 3),
        value: n === 7 ? null : `value ${n}`.repeat(20),
        headers: `with:${compression} ${n}`,
        timestamp: nowMs + 20 * index + n,
      })),
    )
    expect(read.map(({ offset: _, ...record }) => record)).toEqual(expected)
  })

  it('runs the example of the README', async () => {
    await kafka.createTopic('totals', 2)
    const directory = await mkdtemp(join(tmpdir(), 'malstrom-totals-'))
    try {
      const orders = join(directory, 'orders.csv')
      await writeFile(orders, 'ann,1\nbob,10\nann,2\n')
      await singleThread().run(totalsJob, { orders, brokers: `${kafka.brokers}` })
      const read = await kafka.consume('totals')
      expect(read.filter(({ key }) => key === 'ann').map(({ value }) => value)).toEqual(['1', '3'])
      expect(read.filter(({ key }) => key === 'bob').map(({ value }) => value)).toEqual(['10'])
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })

  it('moves its lanes between threads, while the job is rescaled, with every record once and in order', async () => {
    await kafka.createTopic('rescaled', 3)
    const directory = await mkdtemp(join(tmpdir(), 'malstrom-rescaled-'))
    try {
      const settings = { brokers: kafka.brokers, topic: 'rescaled', directory }
      const execution = await multiThread({ workers: 2, snapshotIntervalMs: 50 }).start(rescaledJob, settings)
      for (const workers of [3, 1]) await execution.rescale(workers)
      await writeFile(join(directory, GO_ON), '')
      await execution.finished
      const values = (await kafka.consume('rescaled')).map(({ value }) => value)
      expect(ledgerProblem(values, { a: COUNT, b: COUNT, c: COUNT, d: COUNT })).toBeUndefined()
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })

  it('goes on by itself when the broker was killed and is back, with nothing lost', async () => {
    await kafka.createTopic('outage', 2)
    const source = new ReleasedNumbers()
    const common = { topic: 'outage', requestTimeoutMs: 5_000 } as const
    const once = await start(source, { ...common, delivery: 'exactly-once', eager: true, encode: (n) => `once ${n}` }, 100)
    const least = await start(source, { ...common, encode: (n) => `least ${n}` }, 100)
    source.release(1_000)
    await once.snapshot()
    await least.snapshot()
    await kafka.stop('SIGKILL')
    source.release(1_000)
    await kafka.restart()
    source.release(1_000)
    source.complete()
    await Promise.all([once.finished, least.finished])
    const read = await kafka.consume('outage')
    const numbersOf = (name: string) =>
      read.flatMap(({ value }) => (value?.startsWith(name) ? [Number(value.slice(name.length))] : [])).toSorted((a, b) => a - b)
    expect(numbersOf('once ')).toEqual(numbersTo(3_000))
    expect([...new Set(numbersOf('least '))]).toEqual(numbersTo(3_000))
  })

  it('loses nothing when the broker aborts a transaction that is open for too long', async () => {
    await kafka.createTopic('late', 2)
    const port = openKafka({ brokers: kafka.brokers })
    const ends = async (at: 'latest' | 'stable') => [...(await port.offsets('late', [0, 1], at)).values()].reduce((a, b) => a + b)
    try {
      const source = new ReleasedNumbers()
      const options = { topic: 'late', delivery: 'exactly-once', eager: true, transactionTimeoutMs: 4_000, batchBytesMax: 300 } as const
      const execution = await start(source, options, 60_000)
      source.release(100)
      await execution.snapshot()
      const committed = await ends('latest')
      const patience = { timeout: 60_000, interval: 100 }
      await expect
        .poll(async () => {
          source.release(20)
          return ends('latest')
        }, patience)
        .toBeGreaterThan(committed + 100)
      // What was streamed is open, until the broker has had enough.
      expect(await ends('stable')).toBeLessThan(await ends('latest'))
      await expect.poll(async () => (await ends('latest')) - (await ends('stable')), patience).toBe(0)
      await execution.snapshot()
      source.complete()
      await execution.finished
      const uncommitted = await kafka.consume('late', { isolation: 'read_uncommitted' })
      const visible = inOrder(await kafka.consume('late'))
      expect(visible).toEqual(numbersTo(visible.length))
      expect([...new Set(inOrder(uncommitted))]).toEqual(visible)
      expect(uncommitted.length).toBeGreaterThan(visible.length)
    } finally {
      await port.close()
    }
  })

  it('says that the topic is missing', async () => {
    const error = await failure(run(1, { topic: 'nowhere' }))
    expect(error).toMatchObject({ code: 'ERR_KAFKA' })
    expect(error.message).toMatch(/Sink "out" .*there is no topic "nowhere"\. Create the topic/)
  })

  it('says that no broker can be reached', async () => {
    const error = await failure(run(1, { brokers: ['127.0.0.1:1'], requestTimeoutMs: 1_000 }))
    expect(error).toMatchObject({ code: 'ERR_KAFKA' })
    expect(error.message).toMatch(/127\.0\.0\.1:1 cannot be reached/)
  })

  it.each(['at-least-once', 'exactly-once'] as const)(
    'says with delivery %s that a record is larger than the topic takes',
    async (delivery) => {
      await kafka.createTopic(`small-${delivery}`, 1, { 'max.message.bytes': '2000' })
      const options = { topic: `small-${delivery}`, delivery, encode: () => 'x'.repeat(5_000) }
      const error = await failure(run(1, options))
      expect(error).toMatchObject({ code: 'ERR_KAFKA' })
      expect(error.message).toMatch(/MESSAGE_TOO_LARGE/)
      const unbounded = await failure(run(1, { ...options, batchBytesMax: 4_000 }))
      expect(unbounded).toMatchObject({ code: 'ERR_RECORD_TOO_LARGE' })
      expect(unbounded.message).toMatch(/has 50\d\d bytes, and a batch at most 4000/)
    },
  )
})
