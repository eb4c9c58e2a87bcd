import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { sourceFromUrl } from '@malstrom/connector-file'
import type { MalstromError } from '@malstrom/core'
import { KafkaServer, whyNoKafka } from '@malstrom/services'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kafkaScheme } from '../url/kafka-scheme.ts'
import { type KafkaConnection, openKafka } from './kafka-connection.ts'
import { isRetriable } from './kafka-error.ts'

const missing = await whyNoKafka()
const run = promisify(execFile)
const PASSWORD = 'the-secret-of-ann'
const LOGIN_MODULE = 'org.apache.kafka.common.security.plain.PlainLoginModule'

describe.skipIf(missing !== undefined)(`a real Kafka that wants TLS and a login ${missing ?? ''}`, () => {
  let kafka: KafkaServer
  let folder: string
  let certificate: string
  let brokers: readonly string[]

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'malstrom-kafka-login-'))
    const [key, cert, both] = [join(folder, 'key.pem'), join(folder, 'cert.pem'), join(folder, 'both.pem')]
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
    await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', cert, ...subject])
    certificate = await readFile(cert, 'utf8')
    await writeFile(both, `${await readFile(key, 'utf8')}${certificate}`)
    const port = await freePort()
    brokers = [`127.0.0.1:${port}`]
    kafka = await KafkaServer.start({
      listeners: { LOGIN: port },
      settings: {
        'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,LOGIN:SASL_SSL',
        'sasl.enabled.mechanisms': 'PLAIN',
        'listener.name.login.plain.sasl.jaas.config': `${LOGIN_MODULE} required username="ann" password="${PASSWORD}" user_ann="${PASSWORD}";`,
        'ssl.keystore.type': 'PEM',
        'ssl.keystore.location': both,
        'ssl.truststore.type': 'PEM',
        'ssl.truststore.location': cert,
      },
    })
  }, 120_000)
  afterAll(async () => {
    await kafka?.[Symbol.asyncDispose]()
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  })

  async function listTopic(connection: KafkaConnection): Promise<unknown> {
    const port = openKafka({ brokers, connectionTimeoutMs: 10_000, ...connection })
    try {
      return await port.createTopic({ topic: 'orders', partitions: 1, replicas: 1 })
    } finally {
      await port.close()
    }
  }
  const login = (password: string) => ({ mechanism: 'plain', username: 'ann', password }) as const

  it('is used with both, over every kind of connection', async () => {
    const port = openKafka({ brokers, ssl: { ca: [certificate] }, sasl: login(PASSWORD) })
    await port.createTopic({ topic: 'used', partitions: 1, replicas: 1 })
    const [leader] = await port.partitions('used')
    const wanted = [{ topic: 'used', partition: 0, offset: 0, maxBytes: 1_000 }]
    const fetch = () => port.fetch(leader?.leader ?? -1, wanted, { maxWaitMs: 10, maxBytes: 1_000, isolation: 'committed' })
    // A leader may need a moment.
    await expect.poll(async () => (await fetch())[0]?.highWatermark, { timeout: 20_000 }).toBe(0)
    await port.lane('lane', 10_000).fence()
    await port.close()
  })

  it('refuses a wrong password at once, with an error that does not tell it', async () => {
    const failure: MalstromError = await listTopic({ ssl: { ca: [certificate] }, sasl: login('wrong-secret') }).then(
      mustFail,
      (thrown: unknown) => thrown as MalstromError,
    )
    expect(failure).toMatchObject({
      code: 'ERR_KAFKA',
      message: expect.stringContaining('did not accept the credentials (KafkaJSSASLAuthenticationError). Check sasl.'),
    })
    expect(isRetriable(failure)).toBe(false)
    expect(`${failure.stack} ${(failure.cause as Error).stack} ${JSON.stringify(failure)}`).not.toContain('secret')
  })

  it('logs in by URL, and the error about a wrong password does not tell it', async () => {
    const { source } = kafkaScheme({ ssl: { ca: [certificate] }, connectionTimeoutMs: 10_000 })
    const partitionsOf = (password: string) =>
      sourceFromUrl(`kafka://ann:${password}@${brokers[0]}/used`, {}, { kafka: { source } }).listPartitions()
    expect(await partitionsOf(PASSWORD)).toEqual(['used/0'])
    const failure: MalstromError = await Promise.resolve(partitionsOf('wrong-secret')).then(
      mustFail,
      (thrown: unknown) => thrown as MalstromError,
    )
    expect(failure).toMatchObject({ code: 'ERR_KAFKA' })
    expect(`${failure.stack} ${JSON.stringify(failure)}`).not.toContain('secret')
  })

  it('is not trusted with a certificate that nobody vouches for, and the error says so', async () => {
    const failure: MalstromError = await listTopic({ ssl: true, sasl: login(PASSWORD) }).then(
      mustFail,
      (thrown: unknown) => thrown as MalstromError,
    )
    expect(failure).toMatchObject({
      code: 'ERR_KAFKA',
      message: expect.stringMatching(/do not agree on TLS \(.*SELF_SIGNED.*\)\. Check ssl\./),
    })
    expect(isRetriable(failure)).toBe(false)
  })

  it('does not understand a client without TLS, and the error names ssl', async () => {
    await expect(listTopic({ requestTimeoutMs: 3_000 })).rejects.toMatchObject({
      code: 'ERR_KAFKA',
      message: expect.stringContaining('check ssl'),
    })
  })
})

function mustFail(): never {
  throw new Error('It did not fail.')
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
