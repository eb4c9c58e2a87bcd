import { readFileSync } from 'node:fs'
import type { PartitionContext, SinkPartition } from '@malstrom/core'
import { defineJob } from '@malstrom/operators'
import { memoryPersistence } from '@malstrom/persistence'
import { singleThread } from '@malstrom/runtime'
import { describe, expect, it } from 'vitest'
import { MemoryKafka } from '../fixture/memory-kafka.ts'
import { MemoryPort } from '../fixture/memory-port.ts'
import { LostError, type Network, reliable } from '../fixture/network.ts'
import { ReleasedNumbers } from '../fixture/released-numbers.ts'
import { type KafkaSink, type KafkaSinkOptions, kafkaSink, sinkOver } from './kafka-sink.ts'
import type { LaneState } from './lane-state.ts'

type Options = Partial<KafkaSinkOptions<string, string, number>>
type Partition = SinkPartition<string, string, number, LaneState | undefined>

const CONTEXT: PartitionContext = { job: 'shop', operator: 'out', worker: 0, generation: 1 }
const exactlyOnce = { delivery: 'exactly-once' } as const

function sinkOf(kafka: MemoryKafka, options: Options = {}, network: Network = reliable): KafkaSink<string, string, number> {
  return sinkOver<string, string, number>({ topic: 'out', encode: (value) => value, ...options }, () => new MemoryPort(kafka, network))
}

function open(kafka: MemoryKafka, options: Options = {}, saved?: LaneState, network?: Network): Promise<Partition> {
  return Promise.resolve(sinkOf(kafka, options, network).openPartition(0, saved, CONTEXT))
}

function valuesIn(kafka: MemoryKafka, partitions = 1): (string | undefined)[] {
  return Array.from({ length: partitions }, (_, partition) => kafka.committed('out', partition).map(({ valueText }) => valueText)).flat()
}

async function commitOf(partition: Partition, version: number): Promise<LaneState> {
  await partition.flush()
  const state = structuredClone(partition.snapshot(version)) as LaneState
  await partition.commit?.(version)
  return state
}

describe('a job with the sink', () => {
  const runs = [
    { delivery: 'exactly-once', persistence: true },
    { delivery: 'exactly-once', persistence: false },
    { delivery: 'at-least-once', persistence: false },
  ] as const

  it.each(runs)('writes all its records before it ends: $delivery, with state $persistence', async ({ delivery, persistence }) => {
    const kafka = new MemoryKafka({ out: 3 })
    const job = defineJob({
      name: 'shop',
      module: import.meta.url,
      build(flow) {
        flow
          .source('numbers', new ReleasedNumbers(500))
          .keyLocal('by rest', (n) => `k${n % 20}`)
          .map('text', (n) => `${n}`)
          .sink('out', sinkOf(kafka, { delivery }))
      },
    })
    await singleThread(persistence ? { persistence: memoryPersistence() } : {}).run(job)
    const seen = valuesIn(kafka, 3).map(Number)
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, n) => n))
  })
})

it('the README shows the example that the tests run', () => {
  const file = readFileSync(new URL('../fixture/totals-job.ts', import.meta.url), 'utf8')
  const [, example] = file.split(/^\/\/ #(?:region.*|endregion)\n/m)
  expect(readFileSync(new URL('../../README.md', import.meta.url), 'utf8')).toContain(`\`\`\`ts\n${example}\`\`\`\n`)
})

describe('what a record becomes', () => {
  it('has the key of the stream as text unless it is told otherwise', async () => {
    const kafka = new MemoryKafka({ out: 1 })
    const sink = sinkOver<string, unknown, number>({ topic: 'out', encode: (value) => value }, () => new MemoryPort(kafka))
    const partition = await sink.openPartition('all', undefined, CONTEXT)
    for (const key of ['a', 1.5, 2n, true, ['b', 3n, 4], undefined]) partition.write('v', key, 0)
    await partition.flush()
    expect(kafka.committed('out', 0).map(({ keyText }) => keyText)).toEqual(['a', '1.5', '2', 'true', '["b","3",4]', undefined])
  })

  it('fills one batch after the other with records that have no key', async () => {
    const kafka = new MemoryKafka({ out: 3 })
    const partition = await open(kafka, { key: () => null, batchBytesMax: 1_000 })
    for (let i = 0; i < 40; i++) partition.write('x'.repeat(100), 'k', i)
    await partition.flush()
    const counts = [0, 1, 2].map((one) => kafka.committed('out', one).length)
    expect(counts.every((count) => count > 6)).toBe(true)
    expect(counts.reduce((a, b) => a + b)).toBe(40)
  })

  it('goes to the partition that it is told, which must exist', async () => {
    const kafka = new MemoryKafka({ out: 3 })
    const partition = await open(kafka, { partition: (value, _key, _timestamp, count) => (Number(value) < 9 ? Number(value) % count : 3) })
    for (let i = 0; i < 9; i++) partition.write(`${i}`, 'k', i)
    await partition.flush()
    expect(valuesIn(kafka, 3)).toEqual(['0', '3', '6', '1', '4', '7', '2', '5', '8'])
    expect(() => partition.write('9', 'k', 9)).toThrow(/"out": partition\(\) gave 3, not a whole number from 0 to 2/)
  })

  it('refuses a timestamp that is none', async () => {
    const partition = await open(new MemoryKafka({ out: 1 }), { timestamp: (_value, _key, timestamp) => timestamp })
    partition.write('fine', 'k', 1_000)
    expect(() => partition.write('v', 'k', 0.5)).toThrow(/its timestamp is 0.5, not milliseconds since 1970/)
  })
})

describe('at-least-once', () => {
  it('sends again what got no answer, in order, and at some time fails', async () => {
    const kafka = new MemoryKafka({ out: 1 })
    let lost = 0
    const network: Network = async (request, execute) => {
      if (request === 'Produce' && lost++ < 3) throw new LostError()
      return execute()
    }
    const partition = await open(kafka, { batchBytesMax: 200 }, undefined, network)
    for (let i = 0; i < 20; i++) partition.write(`${i}`.padEnd(50), 'k', i)
    await partition.flush()
    expect(valuesIn(kafka).map(Number)).toEqual(Array.from({ length: 20 }, (_, i) => i))

    const dead: Network = async (request, execute) => {
      if (request === 'Produce') throw new LostError()
      return execute()
    }
    const failing = await open(kafka, { retryForMs: 50 }, undefined, dead)
    failing.write('v', 'k', 0)
    await expect(failing.flush()).rejects.toThrow(/could not be written to out\/0 within 50 ms: no answer/)
    expect(() => failing.write('w', 'k', 0)).toThrow(/could not be written/)
    await failing.close()
  })

  it('holds the stream while too much waits for a broker', async () => {
    const kafka = new MemoryKafka({ out: 1 })
    let goOn = () => {}
    const stalled: Network = async (request, execute) => {
      if (request === 'Produce') {
        await new Promise<void>((resolve) => {
          goOn = resolve
        })
      }
      return execute()
    }
    const partition = await open(kafka, { batchBytesMax: 1_000, bufferBytesMax: 5_000 }, undefined, stalled)
    let written = 0
    for (; written < 1_000 && !partition.saturated; written++) partition.write('x'.repeat(100), 'k', written)
    expect(written).toBeLessThan(60)
    const flushed = partition.flush()
    const steady = setInterval(() => goOn(), 1)
    await flushed
    clearInterval(steady)
    expect(partition.saturated).toBe(false)
    expect(valuesIn(kafka)).toHaveLength(written)
  })
})

describe('exactly-once', () => {
  it('shows readers nothing before the commit, and takes back what an eager lane streamed when it closes', async () => {
    const kafka = new MemoryKafka({ out: 1 })
    const partition = await open(kafka, { ...exactlyOnce, eager: true, batchBytesMax: 200 })
    partition.write('first', 'k', 0)
    await commitOf(partition, 1)
    await expect.poll(() => kafka.log('out', 0)?.lastStableOffset).toBe(kafka.log('out', 0)?.end)
    const { end } = kafka.log('out', 0) ?? { end: -1 }
    // It streams as soon as it has a fresh epoch.
    await expect
      .poll(() => {
        partition.write('x'.repeat(80), 'k', 1)
        return kafka.log('out', 0)?.end
      })
      .toBeGreaterThan(end)
    expect(valuesIn(kafka)).toEqual(['first'])
    await partition.close()
    expect(kafka.log('out', 0)?.lastStableOffset).toBe(kafka.log('out', 0)?.end)
    expect(valuesIn(kafka)).toEqual(['first'])
  })

  it('writes after a restart what an earlier one could not, with what came since', async () => {
    const kafka = new MemoryKafka({ out: 1 })
    const first = await open(kafka, exactlyOnce)
    first.write('a', 'k', 0)
    await first.flush()
    first.snapshot(1)
    first.write('b', 'k', 0)
    await first.flush()
    const state = structuredClone(first.snapshot(2)) as LaneState
    expect(state.pending.map(({ version }) => version)).toEqual([1, 2])
    await first.close()
    const second = await open(kafka, exactlyOnce, state)
    await second.commit?.(2)
    expect(valuesIn(kafka)).toEqual(['a', 'b'])
  })

  it('refuses output that the saved state does not know, and adopts it when told', async () => {
    const kafka = new MemoryKafka({ out: 1 })
    const first = await open(kafka, exactlyOnce)
    first.write('a', 'k', 0)
    const old = await commitOf(first, 1)
    first.write('b', 'k', 0)
    await commitOf(first, 2)
    await first.close()
    for (const saved of [undefined, old]) {
      const wiped = await open(kafka, exactlyOnce, saved)
      wiped.write('c', 'k', 0)
      await expect(commitOf(wiped, 3)).rejects.toMatchObject({ code: 'ERR_KAFKA_OUTPUT_UNKNOWN' })
      await wiped.close()
    }
    expect(valuesIn(kafka)).toEqual(['a', 'b'])
    const adopting = await open(kafka, { ...exactlyOnce, onUnknownOutput: 'adopt' })
    adopting.write('c', 'k', 0)
    await commitOf(adopting, 1)
    expect(valuesIn(kafka)).toEqual(['a', 'b', 'c'])
  })

  it('refuses to go on when the commit topic was emptied', async () => {
    const kafka = new MemoryKafka({ out: 1 })
    const first = await open(kafka, exactlyOnce)
    first.write('a', 'k', 0)
    await commitOf(first, 1)
    first.write('b', 'k', 0)
    const state = await commitOf(first, 2)
    await first.close()
    kafka.topics.delete('malstrom-commits-shop')
    const second = await open(kafka, exactlyOnce, state)
    await expect(second.commit?.(2)).rejects.toThrow(/there is none.*was emptied/)
  })

  it('finds its marker where retention or compaction removed what was before', async () => {
    const kafka = new MemoryKafka({ out: 1 })
    const first = await open(kafka, exactlyOnce)
    let state: LaneState | undefined
    for (let version = 1; version <= 3; version++) {
      first.write(`${version}`, 'k', 0)
      state = await commitOf(first, version)
    }
    await first.close()
    kafka.log('malstrom-commits-shop', 0)?.deleteUntil(4)
    const second = await open(kafka, exactlyOnce, state)
    await second.commit?.(3)
    second.write('4', 'k', 0)
    await commitOf(second, 4)
    expect(valuesIn(kafka)).toEqual(['1', '2', '3', '4'])
  })

  it('gives up when another process takes over again and again', async () => {
    const kafka = new MemoryKafka({ out: 1 })
    const contested: Network = async (request, execute) => {
      if (request === 'EndTxn') kafka.initProducerId('malstrom/shop/out/0')
      return execute()
    }
    const partition = await open(kafka, exactlyOnce, undefined, contested)
    partition.write('a', 'k', 0)
    await expect(commitOf(partition, 1)).rejects.toMatchObject({
      code: 'ERR_FENCED',
      message: expect.stringContaining('malstrom/shop/out/0'),
    })
    expect(valuesIn(kafka)).toEqual([])
  })

  it('tells how a commit failed when brokers stay away, and that nothing is lost', async () => {
    const kafka = new MemoryKafka({ out: 1 })
    const dead: Network = async (request, execute) => {
      if (request === 'InitProducerId') throw new LostError()
      return execute()
    }
    const partition = await open(kafka, { ...exactlyOnce, retryForMs: 60 }, undefined, dead)
    partition.write('a', 'k', 0)
    await expect(commitOf(partition, 1)).rejects.toThrow(/could not be committed to "out" within 60 ms: .*InitProducerId.* Nothing is lost/)
  })

  it('commits no lane of an earlier start of the job with those of a later one', async () => {
    const kafka = new MemoryKafka({ out: 1 })
    const sink = sinkOf(kafka, exactlyOnce)
    const stale = await sink.openPartition(0, undefined, CONTEXT)
    stale.write('never durable', 'k', 0)
    await stale.flush()
    stale.snapshot(1)
    const next = await sink.openPartition(1, undefined, { ...CONTEXT, generation: 2 })
    next.write('durable', 'k', 0)
    await commitOf(next, 1)
    expect(valuesIn(kafka)).toEqual(['durable'])
    await stale.close()
    await expect(stale.commit?.(1)).rejects.toThrow(/was closed before it committed to "out"/)
    expect(valuesIn(kafka)).toEqual(['durable'])
  })

  it('bounds what waits for a snapshot', async () => {
    const partition = await open(new MemoryKafka({ out: 1 }), { ...exactlyOnce, batchBytesMax: 1_000, stagedBytesMax: 10_000 })
    const write = () => {
      for (let i = 0; i < 200; i++) partition.write('x'.repeat(100), 'k', i)
    }
    expect(write).toThrow(/more than 10000 bytes of output for "out" wait for a snapshot/)
  })

  it('bounds what waits also if one snapshot after the other is abandoned, and until one is committed', async () => {
    const partition = await open(new MemoryKafka({ out: 1 }), { ...exactlyOnce, batchBytesMax: 1_000, stagedBytesMax: 10_000 })
    const write = async (version: number, count: number) => {
      for (let i = 0; i < count; i++) partition.write('x'.repeat(100), 'k', i)
      await partition.flush()
      partition.snapshot(version)
    }
    await write(1, 40)
    partition.abandon?.(1)
    await write(2, 30)
    partition.abandon?.(2)
    await expect(write(3, 40)).rejects.toThrow(/more than 10000 bytes of output for "out" wait for a snapshot/)
    await commitOf(partition, 4)
    await write(5, 60)
  })

  it('does not stop at a commit topic that somebody else has made', async () => {
    const kafka = new MemoryKafka({ out: 1, 'my commits': 1 })
    const partition = await open(kafka, { ...exactlyOnce, commitTopic: 'my commits' })
    partition.write('a', 'k', 0)
    await commitOf(partition, 1)
    expect(kafka.committed('my commits', 0).map(({ keyText }) => keyText)).toEqual(['["shop","out",0]'])
  })

  it('says which topic to make if it may not make one', async () => {
    const kafka = new MemoryKafka({ out: 1 })
    const forbidden: Network = async (request, execute) => {
      if (request === 'CreateTopics') throw new Error('TOPIC_AUTHORIZATION_FAILED')
      return execute()
    }
    const message = /"malstrom-commits-shop".*could not be made\. Create it with one partition and cleanup\.policy=compact/
    await expect(open(kafka, exactlyOnce, undefined, forbidden)).rejects.toThrow(message)
  })
})

describe('options that cannot work', () => {
  const refused: readonly (readonly [string, object, RegExp])[] = [
    ['a misspelt option', { batchByteMax: 1 }, /kafkaSink has no option "batchByteMax"/],
    ['no brokers', { brokers: undefined }, /kafkaSink: give either brokers or a client/],
    ['a topic without a name', { topic: '' }, /topic is not a name/],
    ['no encode', { encode: undefined }, /encode is not a function/],
    ['a key that is no function', { key: 'k' }, /key is not a function/],
    ['another delivery', { delivery: 'exactly-twice' }, /delivery is at-least-once or exactly-once, not exactly-twice/],
    ['a compression that there is not', { compression: 'zip' }, /"zip" is no compression/],
    ['no lanes', { delivery: 'exactly-once', lanes: 0 }, /lanes is 0, not a whole number above 0/],
    ['a bound that bounds nothing', { batchBytesMax: Number.NaN }, /batchBytesMax is NaN/],
    ['another way to go on', { onUnknownOutput: 'ignore' }, /onUnknownOutput is fail or adopt/],
  ]

  it.each(refused)('refuses %s', (_name, options, message) => {
    const given = { brokers: 'localhost:9092', topic: 'out', encode: String, ...options } as KafkaSinkOptions<unknown>
    expect(() => kafkaSink(given)).toThrow(message)
  })
})
