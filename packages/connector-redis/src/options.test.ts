import { describe, expect, it } from 'vitest'
import { addressName } from './client/redis-options.ts'
import { redisHash, redisPublish, redisSet, redisSink, redisSortedSet, redisSource, textField } from './index.ts'

const source = (options: object) => () => redisSource({ stream: 'in', decode: textField(), ...options } as never)
const sink = (options: object) => () => redisSink({ stream: 'out', ...options } as never)
const refused = (message: RegExp) => expect.objectContaining({ code: 'ERR_OPERATOR_ARGUMENT', message: expect.stringMatching(message) })

describe('an address', () => {
  it.each([
    [{}, 'redis://127.0.0.1:6379'],
    [{ url: 'redis://user:sesame@host:7000/2' }, 'redis://host:7000/2'],
    [{ url: 'rediss://:sesame@host' }, 'rediss://host'],
    [{ redis: { host: 'host', port: 7000, password: 'sesame' } }, 'host:7000'],
    [{ redis: { path: '/tmp/redis.sock' } }, '/tmp/redis.sock'],
    [{ redis: { sentinels: [{ host: 'a' }], name: 'main', sentinelPassword: 'sesame' } }, 'the master "main" of the sentinels'],
    [{ cluster: { nodes: ['redis://:sesame@a:1', { host: 'b', port: 2 }, 3] } }, 'a:1, b:2, 127.0.0.1:3'],
  ])('is shown without credentials (%#)', (address, name) => expect(addressName('redisSource', address)).toBe(name))

  it.each([
    [{ url: 'redis://user:open/sesame@host' }, /the url .*%2F/],
    [{ url: 'sesame' }, /the url cannot be read/],
    [{ url: 'http://sesame@host' }, /the url is not one of Redis/],
    [{ url: 'redis://host/orders' }, /the number of a database, not "\/orders"/],
    [{ url: 'redis://host', cluster: { nodes: [1] } }, /cluster excludes url and redis/],
    [{ cluster: { nodes: [] } }, /the cluster has no nodes/],
    [{ redis: { keyPrefix: 'x' } }, /keyPrefix is not supported/],
    [{ cluster: { nodes: [1], options: { redisOptions: { keyPrefix: 'x' } } } }, /keyPrefix is not supported/],
    [{ connectTimeoutMs: 0 }, /connectTimeoutMs is 0/],
  ])('that is none is refused without being shown (%#)', (address, message) => {
    for (const make of [
      source(address),
      sink(address),
      () => redisSet(address as never),
      () => redisPublish({ channel: 'c', ...address } as never),
    ]) {
      expect(make).toThrow(refused(message))
      expect(make).not.toThrow(/sesame/)
    }
  })
})

describe('a source refuses options that', () => {
  it.each([
    ['do not exist', { streams: 'in' }, /no option "streams"/],
    ['name no stream', { stream: '' }, /the name of a stream/],
    ['name no streams', { stream: [] }, /the name of a stream/],
    ['name a stream twice', { stream: ['a', 'a'] }, /each stream once/],
    ['divide several streams into shards', { stream: ['a', 'b'], shards: {} }, /one stream, if it has shards/],
    ['divide optional shards', { shards: { optional: true, partitions: 2 } }, /either shards.partitions or shards.optional/],
    ['have shards that are something else', { shards: { count: 3 } }, /count/],
    ['have no partitions', { shards: { partitions: 0 } }, /shards.partitions/],
    ['do not decode', { decode: 'json' }, /decode/],
    ['start nowhere', { start: { id: 'x' } }, /start: /],
    ['start at no time', { start: { timeMs: -1 } }, /start: /],
    ['know no such policy', { onUndecodable: 'ignore' }, /onUndecodable/],
    ['put aside nowhere', { onUndecodable: { deadLetter: '' } }, /onUndecodable/],
    ['go on nowhere', { onPositionLost: 'latest' }, /onPositionLost/],
    ['read nothing', { batchRecords: 0 }, /batchRecords/],
    ['name no group', { group: { name: '' } }, /a name for the group/],
    ['do not exist for a group', { group: { name: 'g', consumers: 2 } }, /no option "consumers"/],
    ['give up at once', { group: { name: 'g', poison: { deliveriesMax: 0, deadLetter: 'd' } } }, /poison/],
    ['claim at once', { group: { name: 'g', claim: { idleMs: 0 } } }, /claim/],
  ])('%s', (_name, options, message) => expect(source(options)).toThrow(refused(message)))
})

describe('a sink refuses options that', () => {
  it.each([
    ['do not exist', { topic: 'x' }, /no option "topic"/],
    ['name no stream', { stream: '' }, /the name of a stream/],
    ['have no shards', { shards: 0 }, /shards/],
    ['promise something else', { delivery: 'at-most-once' }, /delivery/],
    ['keep nothing', { trim: { maxLength: 0 } }, /trim/],
    ['keep it for no time', { stagedTtlMs: 0.5 }, /stagedTtlMs/],
    ['have no room', { bufferBytes: 0 }, /bufferBytes/],
  ])('%s', (_name, options, message) => expect(sink(options)).toThrow(refused(message)))

  it('are missing or wrong, for keys, hashes and channels', () => {
    expect(() => redisHash({} as never)).toThrow(refused(/redisHash needs a hash/))
    expect(() => redisSortedSet({} as never)).toThrow(refused(/redisSortedSet needs a set/))
    expect(() => redisPublish({} as never)).toThrow(refused(/redisPublish needs a channel/))
    expect(() => redisSet({ ttlMs: 0 })).toThrow(refused(/ttlMs/))
    expect(() => redisSet({ ttl: 5 } as never)).toThrow(refused(/no option "ttl"/))
  })
})
