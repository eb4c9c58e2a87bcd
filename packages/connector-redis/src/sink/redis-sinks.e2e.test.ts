import type { Sink } from '@malstrom/core'
import { Redis } from 'ioredis'
import { beforeEach, expect, it } from 'vitest'
import { contextOf, eventually } from '../fixture/read-partition.ts'
import { withRedis } from '../fixture/real-redis.ts'
import { redisHash, redisPublish, redisSet, redisSortedSet } from './keyed-sinks.ts'
import { type RedisSinkOptions, redisSink } from './redis-sink.ts'

type Written = readonly [value: unknown, key?: unknown, timestamp?: number]

/** Opens the partitions that the records need, writes and closes. */
async function writeAll<V, K>(sink: Sink<V, K, number, string, undefined>, records: readonly Written[]): Promise<void> {
  const partition = await sink.openPartition('all', undefined, contextOf())
  for (const [value, key, timestamp = 0] of records) partition.write(value as V, key as K, timestamp)
  await partition.flush()
  await partition.close()
}

withRedis('the sinks of a real server', { users: ['plain on >plain ~* +@all -eval'] }, (redis) => {
  const sinkTo = (options: Partial<RedisSinkOptions<unknown, string | undefined, number>> = {}) =>
    redisSink<unknown, string | undefined, number>({ url: redis().url, stream: 'out', ...options })
  const open = (sink: ReturnType<typeof sinkTo>, saved?: Parameters<typeof sink.openPartition>[1], generation = 1) =>
    sink.openPartition('out', saved, contextOf(generation, 'sink'))
  const valuesIn = async (stream: string) => (await redis().client.xrange(stream, '-', '+')).map(([, fields]) => fields.join(' '))

  beforeEach(async () => {
    await redis().client.flushall()
  })

  it('keeps the last score of each member, and removes those without', async () => {
    const { client, url } = redis()
    const set = redisSortedSet<number | undefined, string, number>({ url, set: 'leaders' })
    await writeAll(set, [
      [5, 'ann'],
      [7, 'bob'],
      [6.5, 'cid'],
      [Number.POSITIVE_INFINITY, 'dora'],
      [9, 'ann'],
      [undefined, 'bob'],
    ])
    expect(await client.zrevrange('leaders', 0, -1, 'WITHSCORES')).toEqual(['dora', 'inf', 'ann', '9', 'cid', '6.5'])
    await expect(writeAll(set, [[Number.NaN, 'ann']])).rejects.toMatchObject({ code: 'ERR_RECORD_INVALID' })
  })

  it('adds fields as they are given: texts, numbers, bytes, in any number', async () => {
    const encode = (value: unknown) => value as Record<string, string>
    const partition = await open(sinkTo({ encode }))
    const bytes = Buffer.from([0, 255, 13, 10, 128])
    for (const fields of [{ a: 'größe' }, { a: 1.5, b: '' }, ['a', bytes], ['a', '1', 'a', '2']]) partition.write(fields, undefined, 0)
    await partition.flush()
    await partition.close()
    const entries = await redis().client.xrangeBuffer('out', '-', '+')
    const [, , third] = entries as unknown as [Buffer, Buffer[]][]
    expect(third?.[1][1]).toEqual(bytes)
    expect(await valuesIn('out')).toEqual(['a größe', 'a 1.5 b ', `a ${bytes.toString()}`, 'a 1 a 2'])
    for (const wrong of [{}, ['a'], { a: undefined }, { a: {} }]) {
      const other = await open(sinkTo({ encode }))
      expect(() => other.write(wrong, undefined, 0)).toThrow(expect.objectContaining({ code: 'ERR_RECORD_INVALID' }))
      await other.close()
    }
    const cyclic: Record<string, unknown> = {}
    cyclic.self = cyclic
    const json = await open(sinkTo())
    expect(() => json.write(cyclic, undefined, 0)).toThrow(/cannot be written as JSON: .*circular/)
    expect(() => json.write(undefined, undefined, 0)).toThrow(/cannot be written as JSON: it is undefined/)
    await json.close()
  })

  it('adds entries that have several fields of the same names, in both deliveries', async () => {
    const records = Array.from({ length: 1_100 }, (_, i) => ['n', String(i), 'größe', i % 2 === 0 ? `ö${i}` : Buffer.from(`b${i}`)])
    for (const delivery of ['at-least-once', 'exactly-once'] as const) {
      await redis().client.flushall()
      const partition = await open(sinkTo({ delivery, encode: (value) => value as string[] }))
      for (const record of records) partition.write(record, undefined, 0)
      await partition.flush()
      partition.snapshot(1)
      await partition.commit?.(1)
      await partition.close()
      expect(await valuesIn('out')).toEqual(records.map((record) => record.map(String).join(' ')))
    }
  })

  it('adds a batch whole or not at all, also when the server refuses an entry in its middle', async () => {
    const { client } = redis()
    for (const delivery of ['at-least-once', 'exactly-once'] as const) {
      await client.flushall()
      // Two more ids, and there are no larger ones.
      const last = 2n ** 64n - 1n
      await client.xadd('out', `${last}-${last - 2n}`, 'value', 'before')
      const partition = await open(sinkTo({ delivery }))
      const writing = async () => {
        for (const value of [1, 2, 3, 4]) partition.write(value, undefined, 0)
        await partition.flush()
        partition.snapshot(1)
        await partition.commit?.(1)
      }
      await expect(writing()).rejects.toMatchObject({
        code: 'ERR_REDIS',
        message: expect.stringMatching(/exhausted the last possible ID|equal or smaller/),
      })
      expect(await valuesIn('out')).toEqual(['value before'])
      expect(await client.keys('*staged:*')).toHaveLength(delivery === 'exactly-once' ? 1 : 0)
      await partition.close()
    }
  })

  it('trims by length and by age, in both deliveries', async () => {
    const old = Date.now() - 100_000
    for (const delivery of ['at-least-once', 'exactly-once'] as const) {
      for (const [trim, most] of [
        [{ maxLength: 10, exact: true }, 10],
        [{ maxLength: 10 }, 110],
        [{ maxAgeMs: 50_000 }, 1_000],
      ] as const) {
        await redis().client.flushall()
        const pipeline = redis().client.pipeline()
        for (let i = 0; i < 300; i++) pipeline.xadd('out', `${old}-${i}`, 'value', 'old')
        await pipeline.exec()
        const partition = await open(sinkTo({ trim, delivery }))
        for (let i = 0; i < 1_000; i++) partition.write(i, undefined, 0)
        await partition.flush()
        partition.snapshot(1)
        await partition.commit?.(1)
        await partition.close()
        const values = await valuesIn('out')
        expect(values.length).toBeLessThanOrEqual(most + 100)
        expect(values.length).toBeGreaterThanOrEqual(Math.min(10, most))
        expect(values.at(-1)).toBe('value 999')
        if ('exact' in trim) expect(values).toHaveLength(10)
      }
    }
  })

  it('divides records among shards by key, or as it is told', async () => {
    const byHand = sinkTo({ shards: 3, shardOf: (value) => Number(value) % 3 })
    expect([0, 1, 2, 3].map((value) => byHand.partitionOf?.(value, undefined, 0))).toEqual(['out:0', 'out:1', 'out:2', 'out:0'])
    const byKey = sinkTo({ shards: 3 })
    const shards = new Set(Array.from({ length: 50 }, (_, i) => byKey.partitionOf?.(0, `key ${i}`, i)))
    expect([...shards].sort()).toEqual(['out:0', 'out:1', 'out:2'])
    expect(byKey.partitionOf?.(1, 'a', 1)).toBe(byKey.partitionOf?.(2, 'a', 2))
    expect(() => byKey.partitionOf?.(1, undefined, 1)).toThrow(/no keys/)
    expect(() => sinkTo({ shards: 3, shardOf: () => 3 }).partitionOf?.(1, 'a', 1)).toThrow(/shardOf returned 3/)
  })

  it('works for a user that may not run scripts, if entries may come twice', async () => {
    const url = `redis://plain:plain@127.0.0.1:${redis().server.port}`
    const partition = await open(sinkTo({ url, trim: { maxLength: 2, exact: true } }))
    for (const value of [1, 2, 3]) partition.write(value, undefined, 0)
    await partition.flush()
    await partition.close()
    expect(await valuesIn('out')).toEqual(['value 2', 'value 3'])
    const staged = await open(sinkTo({ url, delivery: 'exactly-once' }))
    staged.write(1, undefined, 0)
    await expect(staged.flush()).rejects.toMatchObject({ code: 'ERR_REDIS', message: expect.stringContaining('NOPERM') })
    await staged.close()
  })

  it('fails at what is no stream, and before anything is moved', async () => {
    await redis().client.set('out', 'text')
    for (const delivery of ['at-least-once', 'exactly-once'] as const) {
      const partition = await open(sinkTo({ delivery }))
      partition.write(1, undefined, 0)
      const failing = async () => {
        await partition.flush()
        partition.snapshot(1)
        await partition.commit?.(1)
      }
      await expect(failing()).rejects.toMatchObject({ code: 'ERR_REDIS', message: expect.stringMatching(/"out": WRONGTYPE/) })
      await partition.close()
    }
    expect(await redis().client.get('out')).toBe('text')
  })

  it('commits once however many try at the same time, in order, also what is more than one script moves', async () => {
    const sink = sinkTo({ delivery: 'exactly-once' })
    const first = await open(sink)
    for (let i = 0; i < 2_000; i++) first.write(i, undefined, 0)
    await first.flush()
    const saved = first.snapshot(1)
    const others = await Promise.all([2, 3, 4].map((generation) => open(sink, saved, generation)))
    await Promise.all([first, ...others].map((partition) => partition.commit?.(1)))
    for (const partition of [first, ...others]) {
      await partition.commit?.(1)
      await partition.close()
    }
    expect(await valuesIn('out')).toEqual(Array.from({ length: 2_000 }, (_, i) => `value ${i}`))
    expect(await redis().client.keys('*staged*')).toEqual([])
  })

  it('removes what a start has staged that died, and takes nothing more from it', async () => {
    const sink = sinkTo({ delivery: 'exactly-once' })
    const first = await open(sink)
    first.write('committed', undefined, 0)
    await first.flush()
    const saved = first.snapshot(1)
    await first.commit?.(1)
    first.write('lost with the process', undefined, 0)
    await first.flush()
    expect(await redis().client.keys('*staged:*')).toHaveLength(1)

    const second = await open(sink, saved, 2)
    expect(await redis().client.keys('*staged:*')).toEqual([])
    first.write('of a zombie', undefined, 0)
    await expect(first.flush()).rejects.toMatchObject({ code: 'ERR_REDIS', message: expect.stringContaining('another start of this job') })
    await second.commit?.(1)
    second.write('next', undefined, 0)
    await second.flush()
    second.snapshot(2)
    await second.commit?.(2)
    expect(await valuesIn('out')).toEqual(['value "committed"', 'value "next"'])
    await first.close()
    await second.close()
  })

  it('says so when what a snapshot has staged is lost; what was committed is not missed', async () => {
    const sink = sinkTo({ delivery: 'exactly-once', stagedTtlMs: 60_000 })
    const first = await open(sink)
    first.write(1, undefined, 0)
    await first.flush()
    const saved = first.snapshot(1)
    const [staged = ''] = await redis().client.keys('*staged:*')
    expect(await redis().client.pttl(staged)).toBeGreaterThan(50_000)
    await redis().client.del(staged)
    await first.close()
    const second = await open(sink, saved, 2)
    await expect(second.commit?.(1)).rejects.toMatchObject({
      code: 'ERR_REDIS',
      message: expect.stringMatching(/no longer has the entries that snapshot 1 of stream "out" was to commit.*stagedTtlMs/),
    })
    await second.close()
    expect(await valuesIn('out')).toEqual([])
  })

  it('says so when the server has lost a part of what was staged', async () => {
    const partition = await open(sinkTo({ delivery: 'exactly-once' }))
    for (const value of [1, 2, 3]) {
      partition.write(value, undefined, 0)
      await partition.flush()
    }
    const [staged = ''] = await redis().client.keys('*staged:*')
    await redis().client.xdel(staged, '3-1')
    partition.write(4, undefined, 0)
    await expect(partition.flush()).rejects.toMatchObject({ code: 'ERR_REDIS', message: expect.stringContaining('has lost entries') })
    await partition.close()
  })

  it('keeps the keys beside a stream in its slot of a cluster', async () => {
    for (const stream of ['plain', 'with {tag} inside', 'with } alone']) {
      const opening = Promise.resolve(sinkTo({ delivery: 'exactly-once' }).openPartition(stream, undefined, contextOf()))
      if (stream === 'with } alone') {
        await expect(opening).rejects.toMatchObject({ code: 'ERR_OPERATOR_ARGUMENT' })
        continue
      }
      const partition = await opening
      partition.write(1, undefined, 0)
      await partition.flush()
      await partition.close()
    }
    const tags = (await redis().client.keys('*malstrom*')).map((key) => /\{([^}]+)\}/.exec(key)?.[1])
    expect(new Set(tags)).toEqual(new Set(['plain', 'tag']))
  })

  it('sets and removes keys', async () => {
    const { url, client } = redis()
    await writeAll(redisSet<unknown, unknown, number>({ url, ttlMs: 60_000 }), [
      [{ total: 1 }, 'ann'],
      ['text', ['eu', 7]],
      [{ total: 2 }, 'ann'],
      [1, 'bob'],
      [null, 'bob'],
    ])
    expect(await client.get('ann')).toBe('{"total":2}')
    expect(await client.get('["eu",7]')).toBe('text')
    expect(await client.exists('bob')).toBe(0)
    expect(await client.pttl('ann')).toBeGreaterThan(50_000)
    await writeAll(redisSet<number, unknown, number>({ url, key: (_v, _k, at) => `at:${at}`, value: (v) => String(v + 1) }), [
      [1, undefined, 5],
    ])
    expect(await client.get('at:5')).toBe('2')
    const unkeyed = writeAll(redisSet<unknown, unknown, number>({ url }), [[1]])
    await expect(unkeyed).rejects.toMatchObject({ code: 'ERR_RECORD_INVALID' })
  })

  it('sets and removes fields of hashes', async () => {
    const { url, client } = redis()
    const hash = redisHash<unknown, string, number>({ url, hash: (_value, key) => `totals:${key.length}` })
    await writeAll(hash, [
      [1, 'ann'],
      [2, 'john'],
      [3, 'ann'],
      [4, 'bob'],
      [undefined, 'bob'],
    ])
    expect([await client.hgetall('totals:3'), await client.hgetall('totals:4')]).toEqual([{ ann: '3' }, { john: '2' }])
  })

  it('publishes to those who listen', async () => {
    const { url } = redis()
    const listener = new Redis(url)
    const heard: string[] = []
    await listener.subscribe('news')
    listener.on('message', (_channel, message) => heard.push(message))
    await writeAll(redisPublish<unknown, unknown, number>({ url, channel: 'news' }), [['a'], [{ b: 1 }]])
    await eventually('both have been heard', () => heard.length === 2)
    expect(heard).toEqual(['a', '{"b":1}'])
    listener.disconnect()
  })
})
