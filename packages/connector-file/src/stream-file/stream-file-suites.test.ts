import { appendFileSync, rmSync } from 'node:fs'
import { hashString } from '@malstrom/core'
import { type SinkRecord, sinkSuite, sourceSuite } from '@malstrom/testing'
import { PATIENT_SUITE } from '../fixture/property-settings.ts'
import { CONTEXT, readAll } from '../fixture/read-partition.ts'
import { TemporaryFolder } from '../fixture/temporary-folder.ts'
import type { NewStreamMessage, StreamMessage } from '../stream/stream-message.ts'
import { streamFile } from './stream-file.ts'
import { noStreams, StreamFileEncoder, type WrittenStreams } from './stream-file-encoder.ts'
import { toStreamFile } from './to-stream-file.ts'
import { verifyStreamFile } from './verify-stream-file.ts'

const shared = new TemporaryFolder()
process.on('exit', () => shared[Symbol.dispose]())
const sharedPath = shared.file('shared.ss')
const sequenced = Array.from({ length: 24 }, (_, i) => ({
  key: ['a', 'b'][i % 2] as string,
  shard: BigInt(i % 3),
  sequence: BigInt(i),
  timestamp: 1000 + i,
  payload: Buffer.from(`${i} größe`),
}))

function encoded(
  messages: readonly StreamMessage[],
  written: WrittenStreams,
): { readonly bytes: Buffer; readonly written: WrittenStreams } {
  const encoder = new StreamFileEncoder(written)
  return { bytes: Buffer.concat(messages.map((message) => encoder.encode(message))), written: encoder.written }
}

let sharedState = noStreams(1024)

async function makeShared(): Promise<void> {
  rmSync(sharedPath, { force: true })
  const partition = await toStreamFile<undefined, number>(sharedPath, { beaconIntervalBytes: 1024 }).openPartition(
    sharedPath,
    undefined,
    CONTEXT,
  )
  for (const message of sequenced) partition.write(message, undefined, 0)
  await partition.flush()
  sharedState = partition.snapshot(1)
  await partition.close()
}

sourceSuite('streamFile', {
  setup: makeShared,
  create: () => streamFile(sharedPath),
  expected: [{ partition: sharedPath, records: sequenced.map((value, timestamp) => ({ value, timestamp })) }],
  runs: 25,
  ...PATIENT_SUITE,
})

const [dealt, ofShards] = [
  { count: 3, by: 'sequence' },
  { count: 2, by: 'shard' },
] as const

/** What a share of `sequenced` has. */
const inShare = (partition: string, isMine: (value: StreamMessage) => boolean) => ({
  partition,
  records: sequenced.filter(isMine).map((value, timestamp) => ({ value, timestamp })),
})

sourceSuite('streamFile in shares', {
  setup: makeShared,
  create: () => streamFile(sharedPath, { shares: dealt }),
  expected: [0n, 1n, 2n].map((index) => inShare(`${sharedPath}#${index}/3`, ({ sequence }) => sequence % 3n === index)),
  runs: 25,
  ...PATIENT_SUITE,
})

sourceSuite('streamFile in shares of shards', {
  setup: makeShared,
  create: () => streamFile(sharedPath, { shares: ofShards }),
  expected: [0, 1].map((index) => inShare(`${sharedPath}#${index}/2`, ({ key, shard }) => (hashString(key) + Number(shard)) % 2 === index)),
  runs: 25,
  ...PATIENT_SUITE,
})

sourceSuite('streamFile with follow', {
  setup: makeShared,
  create: () => streamFile(sharedPath, { follow: true, pollIntervalMs: 2 }),
  expected: [{ partition: sharedPath, records: sequenced.map((value, timestamp) => ({ value, timestamp })) }],
  finishes: false,
  append: () => {
    const count = sharedState.streams.filter(({ key }) => key === 'more').reduce((_, { sequence }) => Number(sequence) + 1, 0)
    const value = { key: 'more', shard: 0n, sequence: BigInt(count), timestamp: 5000, payload: Buffer.from('more') }
    const { bytes, written } = encoded([value], sharedState)
    sharedState = written
    appendFileSync(sharedPath, bytes)
    return { value, timestamp: sequenced.length + count }
  },
  runs: 25,
  ...PATIENT_SUITE,
})

const records: SinkRecord<NewStreamMessage, undefined, number>[] = sequenced
  .slice(0, 12)
  .map((value, timestamp) => ({ value, key: undefined, timestamp }))

sinkSuite('toStreamFile', {
  setup: () => new TemporaryFolder(),
  teardown: (folder: TemporaryFolder) => folder[Symbol.dispose](),
  create: (folder) => toStreamFile<undefined, number>(folder.file('out.ss'), { beaconIntervalBytes: 1024 }),
  records,
  visible: ({ value }) => [value.key, value.sequence, String(value.payload)],
  read: async (_, partition: string) => {
    const { messages } = await verifyStreamFile(partition).catch(() => ({ messages: 0 }))
    if (messages === 0) return []
    return (await readAll(streamFile(partition))).values.map(({ key, sequence, payload }) => [key, sequence, String(payload)])
  },
  runs: 25,
  ...PATIENT_SUITE,
})
