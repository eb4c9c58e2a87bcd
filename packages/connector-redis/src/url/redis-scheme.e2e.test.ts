import {
  fileSchemes,
  type NewStreamMessage,
  type StreamMessage,
  type StreamSchemes,
  sinkFromUrl,
  sourceFromUrl,
} from '@malstrom/connector-file'
import { defineJob, forEach, fromIterable } from '@malstrom/operators'
import { singleThread } from '@malstrom/runtime'
import { RedisServer } from '@malstrom/services'
import { describe, expect, it } from 'vitest'
import { eventually } from '../fixture/read-partition.ts'
import { withRedis } from '../fixture/real-redis.ts'
import { redisScheme, redisSchemes } from './redis-scheme.ts'

const schemes: StreamSchemes = { ...fileSchemes, ...redisSchemes }

async function write(url: string, messages: readonly NewStreamMessage[], given = schemes): Promise<void> {
  const job = defineJob({
    name: 'write',
    module: import.meta.url,
    build: (flow) => flow.source('messages', fromIterable(messages)).sink('to', sinkFromUrl(url, {}, given)),
  })
  await singleThread().run(job)
}

async function read(url: string, count: number, start: 'beginning' | { timestamp: number } = 'beginning', given = schemes) {
  const found: StreamMessage[] = []
  const job = defineJob({
    name: 'read',
    module: import.meta.url,
    build: (flow) =>
      flow.source('from', sourceFromUrl(url, { start }, given)).sink(
        'found',
        forEach((message) => void found.push(message)),
      ),
  })
  await using execution = await singleThread().start(job)
  await Promise.race([execution.finished, eventually(`${count} messages`, async () => found.length >= count)])
  return found.map(({ key, shard, sequence, timestamp, payload }) => ({ key, shard, sequence, timestamp, payload: String(payload) }))
}

withRedis('URLs of a server with a password', { password: 's3:cret' }, (redis) => {
  const url = (streams: string, password = 's3%3Acret') => redis().url.replace('redis://', `redis://:${password}@`).concat(`/${streams}`)

  it('write each message to its stream or all to one, and read them with their ids as sequences', async () => {
    await write(url(''), [
      { key: 'a', payload: 'größe' },
      { key: 'b', payload: new Uint8Array([98]) },
    ])
    await write(url('a'), [{ key: 'b', payload: 'too' }])
    expect(await redis().client.xlen('a')).toBe(2)
    const messages = await read(url('a,b'), 3)
    expect(messages.map(({ key, payload }) => `${key} ${payload}`).sort()).toEqual(['a größe', 'a too', 'b b'])
    for (const { sequence, timestamp, shard } of messages)
      expect({ shard, timestamp: sequence >> 16n }).toEqual({ shard: 0n, timestamp: BigInt(timestamp) })
  })

  it('read the one field of an entry, or the one that is named', async () => {
    const { client } = redis()
    await client.xadd('fields', '1000-7', 'whatever', 'one')
    await client.xadd('fields', '2000-0', 'msg', 'two', 'value', 'deux')
    const payloads = async (given: StreamSchemes, start: 'beginning' | { timestamp: number }, count: number) =>
      (await read(url('fields'), count, start, given)).map(({ sequence, payload }) => `${sequence} ${payload}`)
    expect(await payloads(schemes, 'beginning', 2)).toEqual([`${(1000n << 16n) + 7n} one`, `${2000n << 16n} deux`])
    expect(await payloads({ redis: redisScheme({ field: 'msg' }) }, { timestamp: 1001 }, 1)).toEqual([`${2000n << 16n} two`])
    await expect(payloads({ redis: redisScheme({ field: 'none' }) }, { timestamp: 1001 }, 1)).rejects.toThrow(
      /it has 2 fields, and none is "none"/,
    )
    await client.xadd('fields', `${2n ** 48n}-0`, 'value', 'far')
    await expect(payloads(schemes, { timestamp: 3000 }, 1)).rejects.toThrow(/its id 281474976710656-0 does not fit into the 64 bits/)
  })

  it('write and read shards, also one that comes up later, and a stream without them as before', async () => {
    const given: StreamSchemes = { redis: redisScheme({ shards: 3, discoveryMs: 50 }) }
    const message = (n: number): NewStreamMessage => ({ key: 'clicks', shard: BigInt(n), payload: `${n}` })
    await write(url(''), Array.from({ length: 9 }, (_, n) => message(n)).concat({ key: 'views', payload: 'first' }), given)
    expect((await redis().client.keys('clicks*')).sort()).toEqual(['clicks:0', 'clicks:1', 'clicks:2'])
    expect(await redis().client.xlen('clicks:2')).toBe(3)
    await redis().client.xadd('plain', '*', 'value', 'of no shard')
    const found: string[] = []
    const job = defineJob({
      name: 'read',
      module: import.meta.url,
      build: (flow) =>
        flow.source('from', sourceFromUrl(url('clicks,plain,views'), {}, given)).sink(
          'found',
          forEach(({ key, shard, payload }) => void found.push(`${key} ${shard} ${payload}`)),
        ),
    })
    await using execution = await singleThread().start(job)
    await Promise.race([execution.finished, eventually('11 messages', async () => found.length >= 11)])
    const of = (start: string) => found.filter((line) => line.startsWith(start))
    for (let shard = 0; shard < 3; shard++) {
      expect(of(`clicks ${shard}`)).toEqual([shard, shard + 3, shard + 6].map((n) => `clicks ${shard} ${n}`))
    }
    expect([...of('plain'), ...of('views')]).toEqual(['plain 0 of no shard', 'views 0 first'])
    await redis().client.xadd('clicks:40', '*', 'value', 'late')
    await redis().client.xadd('plain:1', '*', 'value', 'sharded now')
    await redis().client.xadd('plain', '*', 'value', 'and still')
    await Promise.race([execution.finished, eventually('14 messages', async () => found.length >= 14)])
    expect(found.slice(11).sort()).toEqual(['clicks 40 late', 'plain 0 and still', 'plain 1 sharded now'])
  })

  it('tell no password when it is wrong', async () => {
    const error = await read(url('a', 'wr0ng'), 1).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_REDIS' })
    expect(String(error)).not.toMatch(/wr0ng/)
  })
})

withRedis('URLs of a server with TLS', { tls: true }, (redis) => {
  it('begin with rediss', async () => {
    const given: StreamSchemes = { rediss: redisScheme({ redis: { tls: { ca: redis().server.ca as Buffer } } }) }
    const url = `${redis().url}/x`
    expect(url).toMatch(/^rediss:/)
    await write(url, [{ key: 'x', payload: 'safe' }], given)
    expect(await read(url, 1, 'beginning', given)).toMatchObject([{ payload: 'safe' }])
  })
})

const missing = RedisServer.missing()

describe.skipIf(missing !== undefined)(`URLs of a cluster ${missing ?? ''}`, () => {
  it('name several nodes', async () => {
    await using server = await RedisServer.start({ cluster: true })
    const node = server.url.slice('redis://'.length)
    const url = `redis://${node},${node}/x`
    await write(url, [{ key: 'x', payload: 'anywhere' }])
    expect(await read(url, 1)).toMatchObject([{ payload: 'anywhere' }])
  })
})
