import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { multiThread } from '@malstrom/runtime'
import { expect, it } from 'vitest'
import { eventually } from './fixture/read-partition.ts'
import { withRedis } from './fixture/real-redis.ts'
import job, { type ShardsLine } from './fixture/shards.job.ts'

withRedis('a job between shards, on several threads', { durable: false }, (redis) => {
  it('counts every number once while it is rescaled, suspended and started again', { timeout: 180_000 }, async () => {
    const { client, url } = redis()
    const directory = mkdtempSync(join(tmpdir(), 'malstrom-shards-'))
    let written = 0
    const write = async (count: number, shards: number) => {
      const pipeline = client.pipeline()
      for (let i = 0; i < count; i++) pipeline.xadd(`in:${written % shards}`, '*', 'value', written++)
      await pipeline.exec()
    }
    const lines = async () => {
      const entries = [...(await client.xrange('out:0', '-', '+')), ...(await client.xrange('out:1', '-', '+'))]
      return entries.map(([, fields]) => JSON.parse(fields[1] as string) as ShardsLine)
    }
    const allThere = async () => (await client.xlen('out:0')) + (await client.xlen('out:1')) >= written
    const start = (workers: number) => multiThread({ workers, snapshotIntervalMs: 50 }).start(job, { url, directory })
    try {
      await write(400, 4)
      const execution = await start(2)
      await eventually('the first numbers have been counted', allThere)
      const writing = (async () => {
        for (let i = 0; i < 40; i++) {
          // The fifth shard comes up while the job runs.
          await write(20, i < 10 ? 4 : 5)
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
      })()
      for (const workers of [2, 3, 1]) await execution.rescale(workers)
      await writing
      await eventually('all numbers have been counted', allThere)
      await write(300, 5)
      await execution.suspend()
      await write(100, 5)
      const again = await start(1)
      await eventually('all numbers have been counted after the restart', allThere)
      await again.suspend()

      const all = await lines()
      expect(all.map(({ last }) => last).sort((a, b) => a - b)).toEqual(Array.from({ length: written }, (_, i) => i))
      for (let key = 0; key < 11; key++) {
        const counts = all.filter((line) => line.key === key).map(({ count }) => count)
        expect(counts, `key ${key}`).toEqual(counts.map((_, i) => i + 1))
      }
      for (let shard = 0; shard < 5; shard++) expect((await client.xpending(`in:${shard}`, 'counters'))[0]).toBe(0)
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  })
})
