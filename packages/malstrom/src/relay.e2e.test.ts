import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { kafkaSink } from '@malstrom/connector-kafka'
import { KafkaServer, RedisServer, whyNoKafka } from '@malstrom/services'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseCommandLine } from './cli/command-line.ts'
import { relayCommand } from './cli/relay-command.ts'
import { CommandProcess } from './fixture/command-process.ts'
import {
  defineJob,
  forEach,
  fromIterable,
  type NewStreamMessage,
  singleThread,
  streamFile,
  toStreamFile,
  verifyStreamFile,
} from './index.ts'

/** `KILLS=100` for a lunch break. */
const KILLS = Number(process.env.KILLS ?? 3)
const MESSAGES_BETWEEN = 1_000
const SHARDS = 3
/** Of a relay, from the first record it moved to its end. */
const LIFE_MS_MAX = 600
const DEADLINE_MS = 150_000 + 10_000 * KILLS

const missing = (await whyNoKafka()) ?? RedisServer.missing()

describe.skipIf(missing !== undefined)(`relays between a real Kafka and a real Redis ${missing ?? ''}`, () => {
  let kafka: KafkaServer
  let redis: RedisServer
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'malstrom-relay-'))
    kafka = await KafkaServer.start()
    redis = await RedisServer.start()
  }, 120_000)
  afterAll(async () => {
    await kafka?.[Symbol.asyncDispose]()
    await redis?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  const path = (name: string) => join(folder, name)
  const file = (name: string) => `file://${path(name)}/`
  const topic = (name: string) => `kafka://${kafka.brokers[0]}/${name}`
  const stream = (name: string) => `${redis.url}/${name}`

  async function append(name: string, from: number, to: number): Promise<void> {
    const messages = Array.from({ length: to - from }, (_, i): NewStreamMessage => {
      const n = from + i
      return { key: 'numbers', shard: BigInt(n % SHARDS), payload: `${n} größe` }
    })
    const job = defineJob({
      name: 'append',
      module: import.meta.url,
      build: (flow) => flow.source('messages', fromIterable(messages)).sink('file', toStreamFile(path(name), { append: true })),
    })
    await singleThread().run(job)
  }

  async function payloads(name: string): Promise<string[]> {
    const found: string[] = []
    const job = defineJob({
      name: 'read',
      module: import.meta.url,
      build: (flow) =>
        flow.source('file', streamFile(path(name))).sink(
          'found',
          forEach(({ payload }) => void found.push(Buffer.from(payload).toString())),
        ),
    })
    await singleThread().run(job)
    return found
  }

  it('from file to Kafka to Redis to file, killed again and again: every message once, and in order', {
    timeout: DEADLINE_MS,
  }, async () => {
    await kafka.createTopic('numbers', SHARDS)
    const state = ['--state', 'state', '--snapshot-interval', '200ms']
    const routes = [
      ['relay', '--from', file('numbers.ss'), '--to', topic('numbers'), '--follow', '--name', 'in', ...state],
      ['relay', '--from', topic('numbers'), '--to', stream('numbers'), '--name', 'across', '--workers', '2', ...state],
      ['relay', '--from', stream('numbers'), '--to', file('copy.ss'), '--name', 'out', '--workers', '2', ...state],
    ].map((args, index) => args.map((arg) => (arg === 'state' ? `state-${index}` : arg)))
    await append('numbers.ss', 0, MESSAGES_BETWEEN)
    const relays = routes.map((args) => new CommandProcess(folder, args))
    try {
      let count = MESSAGES_BETWEEN
      for (let kill = 0; kill < KILLS; kill++) {
        const index = kill % routes.length
        const relay = relays[index] as CommandProcess
        await relay.says(/[1-9][\d,]* records/)
        await append('numbers.ss', count, count + MESSAGES_BETWEEN)
        count += MESSAGES_BETWEEN
        await sleep(Math.random() * LIFE_MS_MAX)
        relay.kill('SIGKILL')
        expect(await relay.ended(), relay.stderr).toBe('SIGKILL')
        relays[index] = new CommandProcess(folder, routes[index] as string[])
      }
      const deadline = performance.now() + 90_000
      const arrived = async () => (existsSync(path('copy.ss')) ? (await verifyStreamFile(path('copy.ss'))).messages : 0)
      while ((await arrived()) < count) {
        const said = relays.map(({ name, stderr }) => `${name}: ${stderr.slice(-500)}`).join('\n')
        expect(performance.now(), `${await arrived()} of ${count} messages\n${said}`).toBeLessThan(deadline)
        await sleep(100)
      }
      // What would come twice has the time to come.
      await sleep(1_000)
      for (const relay of relays) relay.kill('SIGINT')
      for (const relay of relays) expect(await relay.ended(), relay.stderr).toBe(130)
      const numbers = (await payloads('copy.ss')).map((payload) => Number(payload.split(' ')[0]))
      for (let shard = 0; shard < SHARDS; shard++) {
        const expected = Array.from({ length: count }, (_, n) => n).filter((n) => n % SHARDS === shard)
        expect(numbers.filter((n) => n % SHARDS === shard)).toEqual(expected)
      }
      expect(numbers).toHaveLength(count)
      // Which shard comes first is open: two workers move them.
      expect(await payloads('copy.ss')).toContain('0 größe')
    } finally {
      for (const relay of relays) await relay.dispose()
    }
  })

  it('from topic to topic with keys, headers, tombstones, partitions and timestamps', { timeout: 120_000 }, async () => {
    await kafka.createTopic('orders', 2)
    await kafka.createTopic('orders-copy', 2)
    const records = [
      { key: 'ann', value: 'one', partition: 0 },
      { key: 'bob', value: null, partition: 1 },
      { key: null, value: 'three', partition: 1 },
    ]
    const job = defineJob({
      name: 'orders',
      module: import.meta.url,
      build: (flow) =>
        flow.source('records', fromIterable(records)).sink(
          'orders',
          kafkaSink({
            brokers: kafka.brokers,
            topic: 'orders',
            encode: ({ value }) => value,
            key: ({ key }) => key,
            partition: ({ partition }) => partition,
            headers: ({ value }) => (value === 'one' ? [['trace', 'x']] : []),
            timestamp: ({ partition }) => Date.now() - 5_000 - partition,
          }),
        ),
    })
    await singleThread().run(job)
    const relay = new CommandProcess(folder, ['relay', '--from', topic('orders'), '--to', topic('orders-copy')])
    const tail = new CommandProcess(folder, ['tail', topic('orders-copy'), '--from', 'earliest', '--limit', '3'])
    try {
      expect(await tail.ended(), tail.stderr).toBe(0)
      expect(
        tail.stdout
          .split('\n')
          .map((line) => line.replace(/^\[[^|]*/, '['))
          .sort(),
      ).toEqual(['', '[| orders-copy | 0 | 0] one', '[| orders-copy | 0 | 1]', '[| orders-copy | 1 | 1] three'])
    } finally {
      relay.kill('SIGTERM')
      expect(await relay.ended(), relay.stderr).toBe(143)
      await tail.dispose()
    }
    const [original, copy] = [await kafka.consume('orders'), await kafka.consume('orders-copy')]
    const inOrder = (all: typeof copy) => all.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset)
    expect(inOrder(copy)).toEqual(inOrder(original))
    expect(copy).toHaveLength(3)
  })

  it('goes on by itself when a broker comes back', { timeout: 150_000 }, async () => {
    await kafka.createTopic('outage')
    await append('before.ss', 0, 100)
    await append('after.ss', 100, 200)
    // Exactly once, so what a reader sees has been committed at the end of the file.
    const relayed = async (name: string) => {
      const relay = new CommandProcess(folder, ['relay', '--from', file(name), '--to', topic('outage'), '--state', `state-of-${name}`])
      expect(await relay.ended(), relay.stderr).toBe(0)
    }
    const relay = new CommandProcess(folder, ['relay', '--from', topic('outage'), '--to', file('outage.ss'), '--state', 'state-outage'])
    try {
      await relayed('before.ss')
      await relay.says('100 records')
      await kafka.stop('SIGKILL')
      await sleep(2_000)
      await kafka.restart()
      await relayed('after.ss')
      await relay.says('200 records')
      relay.kill('SIGINT')
      expect(await relay.ended(), relay.stderr).toBe(130)
    } finally {
      await relay.dispose()
    }
    const numbers = (await payloads('outage.ss')).map((payload) => Number(payload.split(' ')[0]))
    expect(numbers).toEqual(Array.from({ length: 200 }, (_, n) => n))
  })

  it('a server that is not there is an error that tells no password', { timeout: 60_000 }, async () => {
    const errors = ['kafka://u:secret@127.0.0.1:1/x', 'redis://u:secret@127.0.0.1:1/x'].map((from) => {
      const command = parseCommandLine(['relay', '--quiet', '--from', from, '--to', 'stdio:///'])
      if (command.command !== 'relay') throw new Error(command.command)
      return relayCommand(command).catch((thrown: unknown) => thrown)
    })
    const [ofKafka, ofRedis] = await Promise.all(errors)
    expect(ofKafka).toMatchObject({ code: 'ERR_KAFKA' })
    expect(ofRedis).toMatchObject({ code: 'ERR_REDIS' })
    expect(`${ofKafka} ${ofRedis}`).not.toContain('secret')
  })
})
