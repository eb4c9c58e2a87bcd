import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { redisSink, redisSource, textField } from '@malstrom/connector-redis'
import { defineJob } from '@malstrom/operators'
import { diskPersistence } from '@malstrom/persistence'
import { singleThread } from '@malstrom/runtime'
import { RedisServer } from '@malstrom/services'
import { Redis } from 'ioredis'
import { type Figure, figureOf } from '../figure.ts'
import { ratios } from '../statistics.ts'

const NAME = 'redis'
const RUNS = 5
const RECORDS = 100_000
const RECORD_BYTES = 256
const BATCH = 1_000
const RUN_MS_MAX = 120_000
const SNAPSHOT_INTERVAL_MS = 500

type Delivery = 'at-least-once' | 'exactly-once'

const job = defineJob({
  name: 'redis-bench',
  module: import.meta.url,
  build(flow, { url, delivery }: { url: string; delivery: Delivery }) {
    flow
      .source('in', redisSource({ url, stream: 'in', decode: textField() }))
      .map('changed', changed)
      .sink('out', redisSink({ url, stream: 'out', delivery, encode: (value) => ['value', value] }))
  },
})

/** From one stream to another, end to end, with one worker; the server on the same machine, which keeps nothing on the disk. */
export async function runRedis(): Promise<Figure[]> {
  const missing = RedisServer.missing()
  if (missing !== undefined) throw new Error(`${missing}.`)
  await using server = await RedisServer.start({ durable: false })
  const client = new Redis(server.url)
  try {
    await fill(client)
    const seconds: Record<Delivery | 'bare', number[]> = { bare: [], 'at-least-once': [], 'exactly-once': [] }
    for (let run = 0; run <= RUNS; run++) {
      for (const [name, samples] of Object.entries(seconds)) {
        await client.del('out')
        const elapsed = name === 'bare' ? await runBare(client) : await runJob(server.url, name as Delivery, client)
        if (run > 0) samples.push(elapsed / 1_000)
      }
    }
    const rate = (samples: readonly number[]) => samples.map((elapsed) => RECORDS / elapsed)
    const figure = (metric: string, unit: string, samples: readonly number[]) => figureOf(NAME, metric, unit, samples)
    return [
      figure('ratio_to_bare_client', 'ratio', ratios(seconds.bare, seconds['at-least-once'])),
      figure('exactly_once_ratio_to_bare_client', 'ratio', ratios(seconds.bare, seconds['exactly-once'])),
      figure('records_per_second', 'records/s', rate(seconds['at-least-once'])),
      figure('exactly_once_records_per_second', 'records/s', rate(seconds['exactly-once'])),
      figure('bare_client_records_per_second', 'records/s', rate(seconds.bare)),
    ]
  } finally {
    client.disconnect()
  }
}

async function fill(client: Redis): Promise<void> {
  for (let at = 0; at < RECORDS; at += BATCH) {
    const pipeline = client.pipeline()
    for (let i = 0; i < BATCH; i++) pipeline.xadd('in', '*', 'value', `${at + i} `.padEnd(RECORD_BYTES, 'x'))
    await pipeline.exec()
  }
}

function changed(value: string): string {
  return `${value.slice(0, -1)}y`
}

/** What one would write with ioredis: read a batch, write it in one pipeline, and read on meanwhile. */
async function runBare(client: Redis): Promise<number> {
  const start = performance.now()
  let [id, count] = ['0', 0]
  let writing: Promise<unknown> = Promise.resolve()
  while (count < RECORDS) {
    const [[, entries] = ['', []]] = (await client.xread('COUNT', BATCH, 'STREAMS', 'in', id)) ?? []
    await writing
    const pipeline = client.pipeline()
    for (const [, fields] of entries) pipeline.xadd('out', '*', 'value', changed(fields[1] as string))
    writing = pipeline.exec()
    id = entries.at(-1)?.[0] ?? id
    count += entries.length
  }
  await writing
  await check(client)
  return performance.now() - start
}

/** Until the last record can be read in the other stream. */
async function runJob(url: string, delivery: Delivery, client: Redis): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-redis-'))
  try {
    const start = performance.now()
    const runtime = singleThread({ persistence: diskPersistence(folder), snapshotIntervalMs: SNAPSHOT_INTERVAL_MS })
    const execution = await runtime.start(job, { url, delivery })
    execution.finished.catch(() => {}) // `suspend` tells.
    while ((await client.xlen('out')) < RECORDS && performance.now() < start + RUN_MS_MAX) await sleep(5)
    const elapsed = performance.now() - start
    await execution.suspend()
    await check(client)
    return elapsed
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function check(client: Redis): Promise<void> {
  const [[, fields] = ['', []]] = await client.xrevrange('out', '+', '-', 'COUNT', 1)
  const length = await client.xlen('out')
  if (length === RECORDS && fields[1]?.startsWith(`${RECORDS - 1} `) === true) return
  throw new Error(`There are ${length} records of ${RECORDS}. Nothing was measured.`)
}
