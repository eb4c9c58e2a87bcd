import { expect, it } from 'vitest'
import type { FetchedPartition, FetchOptions, KafkaPort } from '../client/kafka-port.ts'
import { PartitionBuffer } from './partition-buffer.ts'
import { TopicFetcher } from './topic-fetcher.ts'

const NOTHING: FetchedPartition = {
  topic: 'silent',
  partition: 0,
  error: undefined,
  highWatermark: 0,
  lastStableOffset: 0,
  logStartOffset: 0,
  abortedTransactions: [],
  batches: new Uint8Array(),
}

/** Answers at once, however long it may wait. */
function askedFor(enough: number): { readonly port: KafkaPort; readonly waits: number[]; readonly asked: Promise<void> } {
  const waits: number[] = []
  let resolve = () => {}
  const asked = new Promise<void>((done) => {
    resolve = done
  })
  const port: Partial<KafkaPort> = {
    partitions: async () => [
      { partition: 0, leader: 1 },
      { partition: 1, leader: 1 },
    ],
    async fetch(_node, _wanted, { maxWaitMs }: FetchOptions) {
      waits.push(maxWaitMs)
      if (waits.length === enough) resolve()
      await new Promise((next) => setImmediate(next))
      return [NOTHING]
    },
  }
  return { port: port as KafkaPort, waits, asked }
}

it('asks less often while nothing comes, and as often as before when a partition is added', async () => {
  const { port, waits, asked } = askedFor(20)
  const fetcher = new TopicFetcher(port, {
    isolation: 'committed',
    bufferBytesMax: 1_000_000,
    offsetLost: () => Promise.reject(new Error('not lost')),
  })
  fetcher.add(new PartitionBuffer('silent', 0, 0, () => {}))
  await asked
  expect(waits.slice(0, 10)).toEqual([250, 250, 250, 250, 250, 250, 250, 250, 1_000, 1_000])
  const before = waits.length
  fetcher.add(new PartitionBuffer('silent', 1, 0, () => {}))
  await expect.poll(() => waits.length).toBeGreaterThan(before + 10)
  fetcher.close()
  expect(waits.slice(before)).toContain(250)
})
