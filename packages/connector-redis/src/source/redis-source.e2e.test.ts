import { beforeEach, expect, it } from 'vitest'
import { openReader } from '../fixture/read-partition.ts'
import { withRedis } from '../fixture/real-redis.ts'
import { allFields, jsonField, textField } from './redis-entry.ts'
import { redisSource } from './redis-source.ts'

withRedis('a stream that is read alone', {}, (redis) => {
  const add = async (stream: string, ...values: (string | number)[]) => {
    for (const value of values) await redis().client.xadd(stream, '*', 'value', value)
  }
  const source = (options: Partial<Parameters<typeof redisSource<string>>[0]> = {}) =>
    redisSource<string>({ url: redis().url, stream: 'in', decode: textField(), ...(options as object) })

  beforeEach(async () => {
    await redis().client.flushall()
  })

  it('begins at the first entry, or after the last one, and goes on with what comes', async () => {
    await add('in', 'a', 'b')
    await using earliest = await openReader(source())
    await using latest = await openReader(source({ start: 'latest' }))
    await add('in', 'c')
    expect(await earliest.readTo(3)).toEqual(['a', 'b', 'c'])
    expect(await latest.readTo(1)).toEqual(['c'])
  })

  it('begins at an id or at a time, which are contained', async () => {
    for (const id of ['5-0', '5-1', '7-0', '7-3']) await redis().client.xadd('in', id, 'value', id)
    for (const [start, first] of [
      [{ id: '5-1' }, '5-1'],
      [{ id: '7' }, '7-0'],
      [{ timeMs: 6 }, '7-0'],
      [{ timeMs: 7 }, '7-0'],
      [{ timeMs: 5 }, '5-0'],
      [{ id: '0-1' }, '5-0'],
    ] as const) {
      await using reader = await openReader(source({ start }))
      await reader.readTo(1)
      expect(reader.values, JSON.stringify(start)).toEqual([first])
    }
  })

  it('knows the end of a quiet stream once, so that nothing is lost there while another one is busy', async () => {
    const streams = Array.from({ length: 6 }, (_, i) => `quiet${i}`)
    await add('quiet0', 'history')
    const latest = source({ stream: [...streams, 'busy'], start: 'latest' })
    const readers = await Promise.all([...streams, 'busy'].map((partition) => openReader(latest, { partition })))
    await add('busy', ...Array.from({ length: 50 }, (_, i) => i))
    for (const stream of streams) await add(stream, `news of ${stream}`)
    for (const [i, reader] of readers.entries()) {
      expect(await reader.readTo(i < streams.length ? 1 : 50)).toEqual(
        i < streams.length ? [`news of quiet${i}`] : Array.from({ length: 50 }, (_, n) => String(n)),
      )
      await reader.partition.close()
    }
  })

  it('keeps a position that was the end of the stream, also if nothing has been read', async () => {
    await add('in', 'old')
    await using first = await openReader(source({ start: 'latest' }))
    const state = first.partition.snapshot()
    await add('in', 'new')
    await using second = await openReader(source({ start: 'latest' }), { state })
    expect(await second.readTo(1)).toEqual(['new'])
  })

  it('reads shards, and finds those that come up later', async () => {
    await redis().client.set('in:7', 'no stream')
    await add('in:0', 'zero')
    await add('in:x', 'no shard')
    const shards = { partitions: 2, discoveryMs: 50 }
    const sharded = source({ shards, start: 'latest' })
    expect(await sharded.listPartitions()).toEqual(['in:*/0', 'in:*/1'])
    await using first = await openReader(sharded, { partition: 'in:*/0' })
    await using second = await openReader(sharded, { partition: 'in:*/1' })
    for (let shard = 0; shard < 5; shard++) await add(`in:${shard}`, `first of ${shard}`, `second of ${shard}`)
    const both = async () => [...(await first.readFor(100)), ...(await second.readFor(100))].sort()
    let seen: string[] = []
    for (let tried = 0; tried < 50 && seen.length < 10; tried++) seen = await both()
    // The one that was there at the start begins at its end, the others at their beginning.
    expect(seen).toEqual([0, 1, 2, 3, 4].flatMap((shard) => [`first of ${shard}`, `second of ${shard}`]).sort())
    expect(first.values.length).toBeGreaterThan(0)
    expect(second.values.length).toBeGreaterThan(0)
    await using again = await openReader(sharded, { partition: 'in:*/0', state: first.partition.snapshot() })
    expect(await again.readFor(200)).toEqual([])
    // All shards of two partitions cannot stay where they are when there are five.
    const others = source({ shards: { partitions: 5 } })
    const openings = [first, second].map((reader, i) =>
      openReader(others, { partition: `in:*/${i}`, state: reader.partition.snapshot() }).then((opened) => opened.partition.close()),
    )
    const refused = (await Promise.allSettled(openings)).filter(({ status }) => status === 'rejected')
    expect(refused).toMatchObject([
      { reason: { code: 'ERR_OPERATOR_ARGUMENT', message: expect.stringContaining('shards.partitions') } },
      {},
    ])
  })

  it('says so when entries that it has not read were trimmed away, or goes on behind them', async () => {
    await add('in', 1, 2, 3, 4, 5, 6)
    await using reader = await openReader(source())
    await reader.readTo(2)
    const state = reader.partition.snapshot()
    await redis().client.xtrim('in', 'MAXLEN', 4)
    await using unharmed = await openReader(source(), { state })
    expect(await unharmed.readTo(4)).toEqual(['3', '4', '5', '6'])
    await redis().client.xtrim('in', 'MAXLEN', 3)
    await using harmed = await openReader(source(), { state })
    const failure = await harmed.readToFailure()
    expect(failure).toMatchObject({ code: 'ERR_REDIS_POSITION_LOST' })
    expect(failure.message).toMatch(/"in" no longer has 1 entry after \d+-\d+, .*onPositionLost: 'earliest'/)
    await using willing = await openReader(source({ onPositionLost: 'earliest' }), { state })
    expect(await willing.readTo(3)).toEqual(['4', '5', '6'])
    // Once it is behind them, the matter is settled.
    await using later = await openReader(source(), { state: willing.partition.snapshot() })
    expect(await later.readFor(200)).toEqual([])
  })

  it('does not complain when what was trimmed or deleted had been read', async () => {
    await add('in', 1, 2, 3, 4)
    const [, second] = await redis().client.xrange('in', '-', '+')
    await redis().client.xdel('in', second?.[0] ?? '')
    await using reader = await openReader(source())
    expect(await reader.readTo(3)).toEqual(['1', '3', '4'])
    await redis().client.xtrim('in', 'MAXLEN', 0)
    await using again = await openReader(source(), { state: reader.partition.snapshot() })
    await add('in', 5)
    expect(await again.readTo(1)).toEqual(['5'])
  })

  it('says so when the stream was deleted and made again', async () => {
    await redis().client.xadd('in', '9000000000000-0', 'value', 'old')
    await redis().client.xadd('in', '9000000000001-0', 'value', 'old')
    await using reader = await openReader(source())
    await reader.readTo(2)
    const state = reader.partition.snapshot()
    await redis().client.del('in')
    await add('in', 'new')
    await using harmed = await openReader(source(), { state })
    expect(await harmed.readToFailure()).toMatchObject({ code: 'ERR_REDIS_POSITION_LOST' })
    await using willing = await openReader(source({ onPositionLost: 'earliest' }), { state })
    expect(await willing.readTo(1)).toEqual(['new'])
  })

  it('fails at what is no stream', async () => {
    await redis().client.set('in', 'text')
    const failure = await openReader(source()).catch((error: Error) => error)
    expect(failure).toMatchObject({ code: 'ERR_REDIS' })
    expect((failure as Error).message).toMatch(
      /^Redis at redis:\/\/127.0.0.1:\d+ failed while trying to read in: WRONGTYPE .* Choose another key/,
    )
    await redis().client.del('in')
    await using reader = await openReader(source())
    await redis().client.set('in', 'text')
    expect(await reader.readToFailure()).toMatchObject({ code: 'ERR_REDIS', message: expect.stringContaining('WRONGTYPE') })
  })

  it('fails, leaves out or puts aside what cannot be decoded', async () => {
    for (const json of ['1', '{', '2', '[', '3']) await redis().client.xadd('in', '*', 'value', json, 'more', 'x')
    const reading = { url: redis().url, stream: 'in', decode: jsonField<number>(), batchRecords: 2 }
    await using failing = await openReader(redisSource(reading))
    const failure = await failing.readToFailure()
    expect(failing.values).toEqual([1])
    expect(failure).toMatchObject({ code: 'ERR_RECORD_INVALID' })
    expect(failure.message).toMatch(
      /^The entry \d+-\d+ of the stream "in" cannot be decoded: the field "value" is not valid JSON .* onUndecodable/,
    )

    await using skipping = await openReader(redisSource({ ...reading, onUndecodable: 'skip' }))
    expect(await skipping.readTo(3)).toEqual([1, 2, 3])
    await using none = await openReader(redisSource({ ...reading, onUndecodable: 'skip' }), { state: skipping.partition.snapshot() })
    expect(await none.readFor(100)).toEqual([])

    await using aside = await openReader(redisSource({ ...reading, onUndecodable: { deadLetter: 'dead' } }))
    expect(await aside.readTo(3)).toEqual([1, 2, 3])
    await using dead = await openReader(redisSource({ url: redis().url, stream: 'dead', decode: allFields() }))
    await dead.readTo(2)
    expect(dead.values).toMatchObject([
      { value: '{', more: 'x', 'malstrom-stream': 'in', 'malstrom-reason': expect.stringContaining('not valid JSON') },
      { value: '[' },
    ])
  })
})
