import { createServer, type Socket } from 'node:net'
import { MalstromError } from '@malstrom/core'
import { Kafka, logLevel } from 'kafkajs'
import { expect, it, vi } from 'vitest'
import { connectionFailure } from './connection-failure.ts'
import { openKafka } from './kafka-connection.ts'
import { isRetriable } from './kafka-error.ts'
import { type KafkajsPool, kafkajsInternals } from './kafkajs-internals.ts'

const client = () => new Kafka({ brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING, retry: { retries: 0 } })

/** A client whose cluster is another one. */
function clientWith(cluster: object): Kafka {
  const consumer = ({ partitionAssigners }: { partitionAssigners: ((config: object) => unknown)[] }) =>
    partitionAssigners.map((create) => create({ cluster }))
  return { consumer } as unknown as Kafka
}

it('the parts of kafkajs that are used are there, without a connection', async () => {
  const internals = kafkajsInternals(client())
  const pool = await internals.buildPool()
  expect([pool.host, pool.port, pool.pool.length]).toEqual(['127.0.0.1', 1, 2])
  expect(internals.createBroker(pool).connectionPool).toBe(pool)
})

it.each<[name: string, cluster: object, missing: string]>([
  ['no way to build connections', {}, 'cluster.connectionPoolBuilder'],
  ['another way to build connections', { connectionPoolBuilder: {}, brokerPool: {} }, 'connectionPoolBuilder.build'],
  ['no way to make a broker', { connectionPoolBuilder: { build: async () => ({}) }, brokerPool: {} }, 'brokerPool.createBroker'],
])('a version of kafkajs with %s is refused, and the error says which one to install', (_, cluster, missing) => {
  expect(() => kafkajsInternals(clientWith(cluster))).toThrow(
    expect.objectContaining({ code: 'ERR_KAFKA', message: expect.stringContaining(`has no ${missing}`) }),
  )
  expect(() => kafkajsInternals(clientWith(cluster))).toThrow('npm install kafkajs@2.2.4')
})

it('a version whose connections are others is refused when they are made', async () => {
  const connection = { isConnected: () => false, requestQueue: { pending: [], scheduleCheckPendingRequests: () => {} } }
  const cluster = {
    connectionPoolBuilder: { build: async () => ({ getConnection: async () => connection, pool: [connection, connection] }) },
    brokerPool: { createBroker: () => ({}) },
    rootLogger: {},
  }
  await expect(kafkajsInternals(clientWith(cluster)).buildPool()).rejects.toThrow('has no connection.send')
})

it('a connection with nothing to send arms no timer, where kafkajs arms one every millisecond', async () => {
  const timers = vi.spyOn(globalThis, 'setTimeout')
  const queueOf = (pool: KafkajsPool) => pool.pool[0]?.requestQueue ?? expect.unreachable('no connection')
  const queue = queueOf(await kafkajsInternals(client()).buildPool())
  queue.scheduleCheckPendingRequests()
  expect(timers).not.toHaveBeenCalled()
  ;(queue.pending as unknown[]).push({})
  queue.scheduleCheckPendingRequests()
  expect(timers).toHaveBeenCalledTimes(1)
  ;(queue.pending as unknown[]).pop()
  clearTimeout(timers.mock.results[0]?.value)
  timers.mockRestore()
})

it.each([
  [30_000, 1_000],
  [1_000, 50],
  [10, 1],
])('a connection with a request time-out of %d ms looks for late requests every %d ms', async (requestTimeout, intervalMs) => {
  const timers = vi.spyOn(globalThis, 'setInterval')
  const kafka = new Kafka({ brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING, requestTimeout })
  const queue = (await kafkajsInternals(kafka).buildPool()).pool[0]?.requestQueue ?? expect.unreachable('no connection')
  queue.scheduleRequestTimeoutCheck()
  expect(timers.mock.calls.map(([, ms]) => ms)).toEqual([intervalMs])
  queue.destroy()
  timers.mockRestore()
})

it('a broker that is not there is an error that names it, and may pass', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port: free } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  const port = openKafka({ brokers: [`127.0.0.1:${free}`], requestTimeoutMs: 100 })
  const failure = await port.partitions('orders').catch((thrown: unknown) => thrown)
  await port.close()
  expect(failure).toMatchObject({
    code: 'ERR_KAFKA',
    message: expect.stringContaining(`Kafka: 127.0.0.1:${free} cannot be reached (ECONNREFUSED). Check that the broker runs`),
  })
  expect(isRetriable(failure)).toBe(true)
})

it.each<[name: string, sent: Buffer]>([
  ['speaks HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ['sends zeros', Buffer.alloc(64)],
  ['sends ones', Buffer.alloc(64, 0xff)],
  ['says nothing', Buffer.alloc(0)],
])('a peer that is no broker and %s is an error, soon', async (_, sent) => {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}))
    socket.on('data', () => socket.write(sent))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port: busy } = server.address() as { port: number }
  const port = openKafka({ brokers: `127.0.0.1:${busy}`, connectionTimeoutMs: 200, requestTimeoutMs: 200 })
  await expect(port.partitions('orders')).rejects.toMatchObject({
    code: 'ERR_KAFKA',
    message: expect.stringContaining('cannot be reached'),
  })
  await port.close()
  for (const socket of sockets) socket.destroy()
  await new Promise((resolve) => server.close(resolve))
})

it.each<[name: string, thrown: object, retriable: boolean, message: string]>([
  ['a refused connection', { code: 'ECONNREFUSED', name: 'KafkaJSConnectionError' }, true, 'cannot be reached (ECONNREFUSED)'],
  ['a refused login', { name: 'KafkaJSSASLAuthenticationError' }, false, 'did not accept the credentials'],
  ['a wrong certificate', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, false, 'do not agree on TLS (DEPTH_ZERO_SELF_SIGNED_CERT)'],
  ['a wrong name in it', { code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, false, 'Check ssl.'],
  ['a request that timed out', { name: 'KafkaJSRequestTimeoutError' }, true, '(KafkaJSRequestTimeoutError)'],
])('%s says what to do', (_, thrown, retriable, message) => {
  const failure = connectionFailure('kafka-1:9092', 'connecting', Object.assign(new Error('it failed'), thrown))
  expect(failure.message).toContain('kafka-1:9092')
  expect(failure.message).toContain(message)
  expect(isRetriable(failure)).toBe(retriable)
})

it('a request that was sent may have taken effect, and one that was not did not', () => {
  expect(connectionFailure('a:1', 'waiting', new Error('x')).outcome).toBe('unknown')
  expect(connectionFailure('a:1', 'connecting', new Error('x')).outcome).toBe('failed')
})

it('what is an error of ours already stays as it is', () => {
  const ours = new MalstromError('ERR_DATA_CORRUPT', 'cut off')
  expect(connectionFailure('a:1', 'waiting', ours)).toBe(ours)
})
