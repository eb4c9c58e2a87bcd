import { RedisServer } from '@malstrom/services'
import { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { contextOf, eventually, openReader } from '../fixture/read-partition.ts'
import { withRedis } from '../fixture/real-redis.ts'
import { redisSink } from '../sink/redis-sink.ts'
import { textField } from '../source/redis-entry.ts'
import { redisSource } from '../source/redis-source.ts'
import type { RedisAddress } from './redis-options.ts'

const PASSWORD = 'open-sesame'
const CONNECT_TIMEOUT_MS = 500

const sourceAt = (address: RedisAddress, options: object = {}) =>
  redisSource({ connectTimeoutMs: CONNECT_TIMEOUT_MS, ...address, stream: 'in', decode: textField(), ...options })
const sinkAt = (address: RedisAddress) =>
  redisSink<string, undefined, number>({
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    ...address,
    stream: 'in',
    delivery: 'exactly-once',
    encode: (value) => ({ value }),
  })

/** Writes through the sink and reads through the source, alone and in a group. */
async function checkBothWays(address: RedisAddress): Promise<void> {
  const sink = await sinkAt(address).openPartition('in', undefined, contextOf())
  for (const value of ['a', 'b', 'c']) sink.write(value, undefined, 0)
  await sink.flush()
  sink.snapshot(1)
  await sink.commit?.(1)
  await sink.close()
  for (const options of [{}, { group: { name: 'readers' } }]) {
    await using reader = await openReader(sourceAt(address, options))
    expect(await reader.readTo(3)).toEqual(['a', 'b', 'c'])
  }
}

async function refusalOf(address: RedisAddress): Promise<Error & { code?: string }> {
  const failure: Error = await openReader(sourceAt(address)).then(
    () => new Error('It was not refused.'),
    (error) => error,
  )
  for (let error: unknown = failure; error instanceof Error; error = error.cause) {
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(/sesame/)
  }
  return failure
}

withRedis('a server with users', { password: PASSWORD, users: ['reader on >reader-sesame ~in +@all -xinfo'] }, (redis) => {
  it('lets in who has the password', async () => {
    const { port } = redis().server
    await checkBothWays({ url: `redis://:${PASSWORD}@127.0.0.1:${port}` })
    await redis().client.flushall()
    await checkBothWays({ redis: { host: '127.0.0.1', port, username: 'default', password: PASSWORD, db: 3 } })
    expect(await redis().client.dbsize()).toBe(0)
  })

  it('refuses everybody else at once, and says what to do without saying the password', async () => {
    const { port } = redis().server
    const address = `127.0.0.1:${port}`
    const began = Date.now()
    for (const [given, message] of [
      [{ url: `redis://${address}` }, /^Redis at redis:\/\/127.0.0.1:\d+ failed while trying to connect: NOAUTH .*Give a password/],
      [{ url: `redis://:wrong-sesame@${address}` }, /WRONGPASS .*The user name or the password is wrong/],
      [{ url: `redis://nobody:wrong-sesame@${address}` }, /WRONGPASS .*The user name or the password is wrong/],
      [{ redis: { port, password: 'wrong-sesame' } }, /WRONGPASS/],
      [{ url: `redis://reader:reader-sesame@${address}` }, /NOPERM .*Grant it the command and the key/],
    ] as const) {
      expect(await refusalOf({ ...given, connectTimeoutMs: 60_000 })).toMatchObject({
        code: 'ERR_REDIS',
        message: expect.stringMatching(message),
      })
    }
    expect(Date.now() - began).toBeLessThan(20_000)
  })

  it('says which user may not do what while the job runs', async () => {
    const { client, server } = redis()
    await client.acl('SETUSER', 'weak', 'on', '>weak-sesame', '~in', '+@all')
    await using reader = await openReader(sourceAt({ url: `redis://weak:weak-sesame@127.0.0.1:${server.port}` }))
    await client.acl('SETUSER', 'weak', '-xread')
    await client.xadd('in', '*', 'value', 'x')
    expect((await reader.readToFailure()).message).toMatch(/NOPERM/)
  })
})

withRedis('a server that speaks TLS', { tls: true, password: PASSWORD }, (redis) => {
  it('is trusted with its authority', async () => {
    const { port, ca = Buffer.alloc(0) } = redis().server
    await checkBothWays({ url: `rediss://:${PASSWORD}@127.0.0.1:${port}`, redis: { tls: { ca } } })
  })

  it('is not trusted without it, and not talked to in clear text', async () => {
    const { port } = redis().server
    const untrusted = await refusalOf({ url: `rediss://:${PASSWORD}@127.0.0.1:${port}` })
    expect(untrusted.message).toMatch(/certificate.*Give the authority that signed/)
    const clear = await refusalOf({ url: `redis://:${PASSWORD}@127.0.0.1:${port}` })
    expect(clear).toMatchObject({ code: 'ERR_REDIS' })
  })
})

withRedis('a server that is watched by a sentinel', {}, (redis) => {
  it('is found by its name', async () => {
    await using sentinel = await RedisServer.start({ sentinel: { name: 'main', port: redis().server.port } })
    await checkBothWays({ redis: { sentinels: [{ host: '127.0.0.1', port: sentinel.port }], name: 'main' } })
  })
})

withRedis('a cluster', { cluster: true }, (redis) => {
  it('is read and written', async () => {
    await checkBothWays({ cluster: { nodes: [{ host: '127.0.0.1', port: redis().server.port }] } })
  })

  it('finds shards on all its nodes', async () => {
    await redis().client.xadd('in:0', '*', 'value', 'zero')
    await using reader = await openReader(
      sourceAt({ cluster: { nodes: [`redis://127.0.0.1:${redis().server.port}`] } }, { shards: { discoveryMs: 50 } }),
    )
    await reader.readTo(1)
    await redis().client.xadd('in:1', '*', 'value', 'one')
    expect(await reader.readTo(2)).toEqual(['zero', 'one'])
  })
})

withRedis('a server that goes away', {}, (redis) => {
  it('is not there at the start: that is said, with the address', async () => {
    const url = 'redis://someone:open-sesame@127.0.0.1:1/2'
    const failure = await refusalOf({ url })
    expect(failure).toMatchObject({ code: 'ERR_REDIS' })
    expect(failure.message).toMatch(
      /^Redis at redis:\/\/127.0.0.1:1\/2 failed while trying to connect: .*ECONNREFUSED.* Nobody listens there/,
    )
  })

  it('may come a little later than the job', async () => {
    await redis().server.stop()
    const opening = openReader(sourceAt({ url: redis().url }, { connectTimeoutMs: 20_000 }))
    await redis().server.start()
    await using reader = await opening
    expect(reader.poll()).toBe('idle')
  })

  it('dies and comes back: what was read and written goes on as if nothing had been', { timeout: 60_000 }, async () => {
    const { server, client, url } = redis()
    const count = 3_000
    await using alone = await openReader(sourceAt({ url }, { batchRecords: 50 }))
    await using grouped = await openReader(sourceAt({ url }, { batchRecords: 50, group: { name: 'readers', createStream: true } }))
    const values = Array.from({ length: count }, (_, i) => String(i))
    let version = 0
    const sink = await sinkAt({ url }).openPartition('in', undefined, contextOf())
    const commit = async () => {
      await sink.flush()
      sink.snapshot(++version)
      await sink.commit?.(version)
    }
    const writing = (async () => {
      for (const [i, value] of values.entries()) {
        sink.write(value, undefined, 0)
        if (i % 100 === 99) await commit()
        if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      await commit()
    })()
    const crashes = (async () => {
      for (const atLeast of [300, 1_000, 2_000]) {
        await eventually(`${atLeast} entries are there`, async () => (await client.xlen('in').catch(() => 0)) >= atLeast)
        await server.kill()
        await server.start()
      }
    })()
    const reading = Promise.all([alone.readTo(count), grouped.readTo(count)])
    await Promise.all([writing, crashes, reading])
    expect(alone.values).toEqual(values)
    expect(grouped.values).toEqual(values)
    await sink.close()
  })

  it('is stuck: a sink takes a bounded amount, and all of it is there when the server goes on', { timeout: 60_000 }, async () => {
    const { server, client, url } = redis()
    await client.del('in')
    const options = { url, stream: 'in', bufferBytes: 100_000, encode: (value: string) => ({ value }) }
    const sink = await redisSink<string, undefined, number>(options).openPartition('in', undefined, contextOf())
    server.pause()
    let written = 0
    const value = 'x'.repeat(1_000)
    for (; !sink.saturated && written < 1_000; written++) sink.write(value, undefined, 0)
    expect(written).toBeLessThan(110)
    const flushed = sink.flush()
    expect(await Promise.race([flushed.then(() => 'flushed'), new Promise((resolve) => setTimeout(resolve, 200, 'waits'))])).toBe('waits')
    server.resume()
    await flushed
    expect(await client.xlen('in')).toBe(written)
    await sink.close()
  })

  it('takes no writes while another one may become the master: the sinks wait', { timeout: 60_000 }, async () => {
    const { client, url } = redis()
    for (const delivery of ['at-least-once', 'exactly-once'] as const) {
      await client.del('in')
      const options = { url, stream: 'in', delivery, encode: (value: string) => ({ value }) }
      const sink = await redisSink<string, undefined, number>(options).openPartition('in', undefined, contextOf())
      await client.replicaof('127.0.0.1', 1)
      for (let i = 0; i < 1_000; i++) sink.write(String(i), undefined, 0)
      const flushed = sink.flush()
      expect(await Promise.race([flushed.then(() => 'flushed'), new Promise((resolve) => setTimeout(resolve, 200, 'waits'))])).toBe('waits')
      await client.replicaof('NO', 'ONE')
      await flushed
      sink.snapshot(1)
      await client.replicaof('127.0.0.1', 1)
      const committed = sink.commit?.(1)
      await new Promise((resolve) => setTimeout(resolve, 100))
      await client.replicaof('NO', 'ONE')
      await committed
      const values = (await client.xrange('in', '-', '+')).map(([, fields]) => fields[1])
      expect(values).toEqual(Array.from({ length: 1_000 }, (_, i) => String(i)))
      await sink.close()
    }
  })

  it('changes its role while sources wait for entries: they go on when it is the master again', { timeout: 60_000 }, async () => {
    const { client, url } = redis()
    await client.del('in')
    await using alone = await openReader(sourceAt({ url }))
    await using grouped = await openReader(sourceAt({ url }, { group: { name: 'roles', createStream: true } }))
    await client.xadd('in', '*', 'value', 'before')
    await Promise.all([alone.readTo(1), grouped.readTo(1)])
    await client.replicaof('127.0.0.1', 1)
    await Promise.all([alone.readFor(300), grouped.readFor(300)])
    await client.replicaof('NO', 'ONE')
    await client.xadd('in', '*', 'value', 'after')
    for (const reader of [alone, grouped]) expect(await reader.readTo(2)).toEqual(['before', 'after'])
  })

  it('is connected and silent: the source notices, and goes on when it answers', { timeout: 60_000 }, async () => {
    const { server, url } = redis()
    const impatient = { url, redis: { socketTimeout: 300 } }
    await using reader = await openReader(sourceAt(impatient, { start: 'latest' }))
    server.pause()
    await reader.readFor(700)
    server.resume()
    await redis().client.xadd('in', '*', 'value', 'after the silence')
    expect(await reader.readTo(1)).toEqual(['after the silence'])
  })
})

const missing = RedisServer.missing()

it.skipIf(missing !== undefined)(`two servers at the same time have ports of their own ${missing ?? ''}`, async () => {
  await using one = await RedisServer.start()
  await using two = await RedisServer.start()
  expect(one.port).not.toBe(two.port)
  const client = new Redis(two.url)
  expect(await client.ping()).toBe('PONG')
  client.disconnect()
})
