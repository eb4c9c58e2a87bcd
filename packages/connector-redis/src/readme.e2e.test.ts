import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
// #region example
import { jsonField, redisSink, redisSource } from '@malstrom/connector-redis'
import { defineJob } from '@malstrom/operators'
import { diskPersistence } from '@malstrom/persistence'
import { singleThread } from '@malstrom/runtime'
import { expect, it } from 'vitest'
import { eventually } from './fixture/read-partition.ts'
import { withRedis } from './fixture/real-redis.ts'
import { allFields, bytesField, redisHash, redisPublish, redisSet, redisSortedSet } from './index.ts'

interface Order {
  readonly customer: string
  readonly amount: number
}

const job = defineJob({
  name: 'totals',
  module: import.meta.url,
  build(flow, { url }: { url: string }) {
    flow
      .source('orders', redisSource({ url, stream: 'orders', decode: jsonField<Order>() }))
      .keyLocal('by-customer', (order) => order.customer)
      .fold(
        'total',
        () => 0,
        (total, order) => total + order.amount,
      )
      .map('named', (total, customer) => ({ customer, total }))
      .sink('totals', redisSink({ url, stream: 'totals', delivery: 'exactly-once', trim: { maxLength: 1_000_000 } }))
  },
})

const start = (url: string, folder: string) =>
  singleThread({ persistence: diskPersistence(folder), snapshotIntervalMs: 100 }).start(job, { url })
// #endregion

/** The other forms that the README shows: they are made, and that they do what they say is tested beside them. */
function forms(url: string) {
  // #region forms
  const inGroup = redisSource({
    url,
    stream: 'orders',
    decode: jsonField<Order>(),
    group: {
      name: 'billing', // made if there is none
      claim: { idleMs: 60_000 }, // take over what other consumers have left
      poison: { deliveriesMax: 5, deadLetter: 'orders-dead' },
    },
    onUndecodable: { deadLetter: 'orders-dead' },
    onPositionLost: 'earliest', // go on behind entries that were trimmed away unread
  })
  const sharded = redisSource({ url, stream: 'clicks', shards: { partitions: 8 }, decode: allFields(), start: 'latest' })
  const binary = redisSource({ url, stream: 'images', bytes: true, decode: bytesField('jpeg'), start: { timeMs: 1_700_000_000_000 } })
  const inCluster = redisSource({
    cluster: { nodes: ['redis://10.0.0.1:6379', 'redis://10.0.0.2:6379'], options: { redisOptions: { password: 'secret', tls: {} } } },
    stream: '{orders}:in',
    decode: jsonField<Order>(),
  })
  const overSentinels = redisSource({
    redis: { sentinels: [{ host: '10.0.0.1', port: 26379 }], name: 'main' },
    stream: 'orders',
    decode: jsonField<Order>(),
  })

  const perKey = redisSet<number, string, number>({ url, key: (_total, customer) => `total:${customer}`, ttlMs: 3_600_000 })
  const leaders = redisSortedSet<number, string, number>({ url, set: 'leaders' }) // score: the record, member: its key
  const inHash = redisHash<number, string, number>({ url, hash: 'totals' }) // field: the key of the record
  const toListeners = redisPublish<number, string, number>({ url, channel: (_total, customer) => `totals.${customer}` })
  // #endregion
  return [inGroup, sharded, binary, inCluster, overSentinels, perKey, leaders, inHash, toListeners]
}

withRedis('the README', {}, (redis) => {
  it('shows the example as it runs here', async () => {
    const { client, url } = redis()
    const folder = mkdtempSync(join(tmpdir(), 'malstrom-readme-'))
    try {
      const add = (customer: string, amount: number) => client.xadd('orders', '*', 'value', JSON.stringify({ customer, amount }))
      const totals = async () => (await client.xrange('totals', '-', '+')).map(([, fields]) => fields[1])
      await add('ann', 1)
      await add('bob', 10)
      const first = await start(url, folder)
      await eventually('two totals are there', async () => (await totals()).length === 2)
      await first.suspend()
      await add('ann', 2)
      const second = await start(url, folder)
      await eventually('three totals are there', async () => (await totals()).length === 3)
      await second.suspend()
      expect(await totals()).toEqual(['{"customer":"ann","total":1}', '{"customer":"bob","total":10}', '{"customer":"ann","total":3}'])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
    expect(forms(url)).toHaveLength(9)

    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8').replaceAll(/^ +/gm, '')
    const regions = readFileSync(new URL(import.meta.url), 'utf8').split(/^ *\/\/ #(?:region.*|endregion)\n/m)
    for (const region of [regions[1], regions[3]]) expect(readme).toContain(`\`\`\`ts\n${region?.replaceAll(/^ +/gm, '')}\`\`\`\n`)
  })
})
