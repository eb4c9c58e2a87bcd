import { beforeEach, expect, it } from 'vitest'
import { eventually, openReader } from '../fixture/read-partition.ts'
import { withRedis } from '../fixture/real-redis.ts'
import { allFields, textField } from './redis-entry.ts'
import { redisSource } from './redis-source.ts'
import type { RedisGroupOptions } from './redis-source-options.ts'

withRedis('a stream that is read in a group', {}, (redis) => {
  const add = async (...values: (string | number)[]) => {
    for (const value of values) await redis().client.xadd('in', '*', 'value', value)
  }
  const source = (group: Partial<RedisGroupOptions> = {}, options: object = {}) =>
    redisSource({
      url: redis().url,
      stream: 'in',
      decode: textField(),
      group: { name: 'readers', createStream: true, ...group },
      ...options,
    })
  /** How many entries are pending, for each consumer; without the name of the opening. */
  const pending = async (): Promise<Record<string, number>> => {
    const [, , , consumers] = (await redis().client.xpending('in', 'readers')) as [number, string, string, [string, string][] | null]
    const counts: Record<string, number> = {}
    for (const [name, count] of consumers ?? []) {
      const family = name.replace(/\/.*(\+?)$/, '$1')
      counts[family] = (counts[family] ?? 0) + Number(count)
    }
    return counts
  }
  /** A plain member of the group, which acknowledges nothing. */
  const readAs = async (consumer: string, count: number) => {
    await redis().client.xreadgroup('GROUP', 'readers', consumer, 'COUNT', count, 'STREAMS', 'in', '>')
  }

  /** The server has noticed that those who waited for entries have gone: until then it may still give them some. */
  const nobodyWaits = () => eventually('nobody waits', async () => (await redis().client.info('clients')).includes('blocked_clients:0'))

  beforeEach(async () => {
    await redis().client.flushall()
  })

  it('acknowledges what a durable snapshot contains, and nothing before', async () => {
    await add(0, 1, 2, 3, 4)
    await using reader = await openReader(source())
    await reader.readTo(3)
    reader.partition.snapshot()
    await reader.readTo(5)
    expect(await pending()).toEqual({ 'malstrom:test:source': 5 })
    reader.partition.committed?.(1)
    await eventually('two are pending', async () => (await pending())['malstrom:test:source'] === 2)
    expect(await redis().client.xpending('in', 'readers', '-', '+', 10)).toMatchObject([
      [expect.any(String), expect.stringMatching(/^malstrom:test:source\/1-/), expect.any(Number), 1],
      [expect.any(String), expect.any(String), expect.any(Number), 1],
    ])
  })

  it('first reads what an earlier opening was given, in order, and then what is new', async () => {
    await add(0, 1, 2, 3, 4)
    await using first = await openReader(source())
    await first.readTo(2)
    const state = first.partition.snapshot()
    await first.readTo(4)
    await first.partition.close()
    await add(5, 6)
    // Whether the snapshot was committed or not, and whatever was acknowledged meanwhile.
    await using second = await openReader(source(), { state, generation: 2 })
    expect(await second.readTo(5)).toEqual(['2', '3', '4', '5', '6'])
    second.partition.snapshot()
    second.partition.committed?.(2)
    await eventually('nothing is pending', async () => Object.keys(await pending()).length === 0)
    await using third = await openReader(source(), { generation: 3 })
    await add(7)
    expect(await third.readTo(1)).toEqual(['7'])
  })

  it('emits nothing twice when it crashes again before what it took over is acknowledged', async () => {
    await add(0, 1, 2)
    await using first = await openReader(source())
    await first.readTo(2)
    const one = first.partition.snapshot()
    await first.readTo(3)
    await first.partition.close()
    await using second = await openReader(source(), { state: one, generation: 2 })
    await second.readTo(1)
    await second.partition.close() // Nothing of it became durable.
    await using third = await openReader(source(), { state: one, generation: 3 })
    expect(await third.readTo(1)).toEqual(['2'])
    const two = third.partition.snapshot()
    await third.partition.close() // Durable, and not acknowledged.
    await using fourth = await openReader(source(), { state: two, generation: 4 })
    await add(3)
    expect(await fourth.readFor(300)).toEqual(['3'])
    fourth.partition.snapshot()
    fourth.partition.committed?.(3)
    await eventually('nothing is pending', async () => Object.keys(await pending()).length === 0)
  })

  it('finds what a process has read that should have ended', async () => {
    await using zombie = await openReader(source())
    await using reader = await openReader(source({ claim: { intervalMs: 50, idleMs: 60_000 } }), { generation: 2 })
    await add(...Array.from({ length: 50 }, (_, i) => i))
    await eventually('the zombie has read something', () => zombie.poll() !== 'idle')
    await zombie.partition.close()
    const values = await reader.readTo(50)
    expect([...values].sort((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 50 }, (_, i) => String(i)))
    expect(await reader.readFor(200)).toHaveLength(50)
    // Taken over out of order: a restart neither loses nor repeats it.
    const state = reader.partition.snapshot()
    await reader.partition.close()
    await nobodyWaits()
    await using next = await openReader(source(), { state, generation: 3 })
    await add('last')
    expect(await next.readFor(300)).toEqual(['last'])
  })

  it('shares the entries with other consumers', async () => {
    await using one = await openReader(source({}, { batchRecords: 1 }), { operator: 'one' })
    await using two = await openReader(source({}, { batchRecords: 1 }), { operator: 'two' })
    const values = Array.from({ length: 100 }, (_, i) => String(i))
    await add(...values)
    let all: string[] = []
    for (let tried = 0; tried < 100 && all.length < 100; tried++) all = [...(await one.readFor(20)), ...(await two.readFor(20))]
    expect(all.sort((a, b) => Number(a) - Number(b))).toEqual(values)
    expect(Math.min(one.values.length, two.values.length)).toBeGreaterThan(0)
  })

  it('takes over what a consumer that is gone has not acknowledged, under its own name', async () => {
    const claim = { idleMs: 100, intervalMs: 50 }
    await using beta = await openReader(source({ claim }), { operator: 'beta' })
    await add(...Array.from({ length: 5 }, (_, i) => `own ${i}`))
    await beta.readTo(5)
    await beta.partition.close()
    await nobodyWaits()
    await add(0, 1, 2, 3, 4)
    await readAs('alpha', 5)
    await add(5)
    const state = beta.partition.snapshot()
    await using again = await openReader(source({ claim }), { operator: 'beta', state, generation: 2 })
    const values = await again.readTo(6)
    expect(values[0]).toBe('5')
    expect(values.slice(1).sort()).toEqual(['0', '1', '2', '3', '4'])
    expect(await pending()).toEqual({ 'malstrom:test:beta': 11 })
    const taken = again.partition.snapshot()
    expect(taken.streams[0]?.group?.taken).toHaveLength(5)

    // It dies, and its successor has them without reading them again.
    await again.partition.close()
    await using gamma = await openReader(source({ claim }), { operator: 'beta', state: taken, generation: 3 })
    expect(await gamma.readFor(400)).toEqual([])
    gamma.partition.snapshot()
    gamma.partition.committed?.(1)
    await eventually('nothing is pending', async () => Object.keys(await pending()).length === 0)
    await eventually('it knows that', () => gamma.partition.snapshot().streams[0]?.group?.taken.length === 0)
  })

  it('takes over again what its predecessor had taken over and no snapshot contains', async () => {
    const claim = { idleMs: 100, intervalMs: 50 }
    await redis().client.xgroup('CREATE', 'in', 'readers', '0', 'MKSTREAM')
    await add(0, 1, 2)
    await readAs('alpha', 3)
    await add(3)
    await using first = await openReader(source({ claim }))
    await first.readTo(1)
    const state = first.partition.snapshot()
    await first.readTo(4)
    await first.partition.close()
    await using second = await openReader(source(), { state, generation: 2 })
    expect((await second.readTo(3)).sort()).toEqual(['0', '1', '2'])
  })

  it('puts aside what has been given to consumers too often', async () => {
    const group = { claim: { idleMs: 20, intervalMs: 20 }, poison: { deliveriesMax: 3, deadLetter: 'dead' } }
    await redis().client.xgroup('CREATE', 'in', 'readers', '0', 'MKSTREAM')
    await add('poison', 'healthy')
    await readAs('alpha', 1)
    const [[id = '']] = (await redis().client.xrange('in', '-', '+', 'COUNT', 1)) as unknown as [[string]]
    for (const consumer of ['beta', 'gamma']) await redis().client.xclaim('in', 'readers', consumer, 0, id)
    await using reader = await openReader(source(group))
    expect(await reader.readTo(1)).toEqual(['healthy'])
    await eventually('one is dead', async () => (await redis().client.xlen('dead')) === 1)
    await using dead = await openReader(redisSource({ url: redis().url, stream: 'dead', decode: allFields() }))
    await dead.readTo(1)
    expect(dead.values).toMatchObject([{ value: 'poison', 'malstrom-id': id, 'malstrom-reason': expect.stringContaining('3 times') }])
    expect(await pending()).toEqual({ 'malstrom:test:source': 1 })
  })

  it('joins a group that is there, or makes one, but no stream unless it is told to', async () => {
    const failure = (await openReader(source({ createStream: false })).catch((error) => error)) as Error
    expect(failure).toMatchObject({ code: 'ERR_REDIS' })
    expect(failure.message).toContain('There is no stream "in". Check the name, or set group.createStream')
    await add(0, 1, 2, 3, 4)
    await using reader = await openReader(source({ createStream: false }))
    expect(await reader.readTo(5)).toEqual(['0', '1', '2', '3', '4'])
    await using latest = await openReader(source({ name: 'late' }, { start: 'latest' }), { operator: 'late' })
    await add(5)
    expect(await latest.readTo(1)).toEqual(['5'])
  })

  it('says so when the group has gone, or entries that it has not given out', async () => {
    await add(0, 1, 2, 3)
    await using reader = await openReader(source({}, { batchRecords: 1 }))
    await reader.readTo(1)
    await redis().client.xgroup('DESTROY', 'in', 'readers')
    const failure = await reader.readToFailure()
    expect(failure).toMatchObject({ code: 'ERR_REDIS_POSITION_LOST', message: expect.stringContaining('no consumer group "readers"') })
    const state = { streams: [{ stream: 'in', id: '0-1', count: undefined, group: { read: [], taken: [] } }] }
    await expect(openReader(source(), { state })).rejects.toMatchObject({ code: 'ERR_REDIS_POSITION_LOST' })
    await using willing = await openReader(source({}, { onPositionLost: 'earliest' }), { state })
    expect(await willing.readTo(4)).toEqual(['0', '1', '2', '3'])

    // A stream that was made again has smaller ids, perhaps.
    const later = {
      streams: [{ ...state.streams[0], stream: 'in', id: '9000000000000-1', count: undefined, group: { read: [], taken: [] } }],
    }
    const other = { name: 'others' }
    await using again = await openReader(source(other, { onPositionLost: 'earliest' }), { state: later })
    expect(await again.readTo(4)).toEqual(['0', '1', '2', '3'])

    await redis().client.xgroup('CREATE', 'in', 'slow', '0')
    await redis().client.xreadgroup('GROUP', 'slow', 'alpha', 'COUNT', 1, 'STREAMS', 'in', '>')
    await redis().client.xtrim('in', 'MAXLEN', 1)
    await using slow = await openReader(source({ name: 'slow' }))
    expect((await slow.readToFailure()).message).toContain('no longer has 2 entries')
    await using slowAgain = await openReader(source({ name: 'slow' }, { onPositionLost: 'earliest' }))
    expect(await slowAgain.readTo(1)).toEqual(['3'])
  })
})
