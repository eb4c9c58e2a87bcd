import { inspect } from 'node:util'
import { S3Client } from '@aws-sdk/client-s3'
import { FakeS3 } from '@malstrom/services'
import { afterEach, expect, it, vi } from 'vitest'
import { bytesOf, connect, credentials, rejection, textOf } from './fixture/connect.ts'
import { s3Persistence } from './s3-persistence.ts'

afterEach(() => vi.unstubAllEnvs())

/** What every failure must say: the place, and what to do; and nothing that is secret. */
function expectClear(error: unknown, ...parts: readonly (string | RegExp)[]): void {
  expect(error).toMatchObject({ name: 'MalstromError', code: 'ERR_STORE' })
  for (const part of parts) expect((error as Error).message).toMatch(part)
  const shown = inspect(error, { depth: 10, showHidden: true })
  for (const secret of [credentials.accessKeyId, credentials.secretAccessKey, 'Signature=', 'authorization'])
    expect(shown).not.toContain(secret)
}

it('the first open tries whether the store obeys conditions, and leaves nothing behind', async () => {
  await using server = await FakeS3.start()
  const backend = connect(server)
  await Promise.all([backend.open('manifest'), backend.open('worker-0')])
  expect(server.count('PutObject')).toBe(4)
  expect(server.bucket.objects.size).toBe(0)
  await backend.open('worker-1')
  expect(server.count('PutObject')).toBe(4)
})

it.each(['if-match', 'if-none-match'] as const)('a store that ignores %s is refused', async (condition) => {
  await using server = await FakeS3.start({ ignoredConditions: [condition] })
  const backend = connect(server)
  const error = await rejection(backend.open('manifest'))
  expectClear(error, 'does not obey the header', new RegExp(condition, 'i'), 's3://bucket/jobs/a', 'Use a store with conditional writes')
  expect(server.bucket.objects.size).toBe(0)
  expectClear(await rejection(backend.open('manifest')), 'does not obey')
})

it('an open that failed may be tried again', async () => {
  await using server = await FakeS3.start()
  const backend = connect(server, { attemptsMax: 1 })
  server.fault = () => 500
  expectClear(await rejection(backend.open('manifest')), 'HTTP 500', 'try again later')
  server.fault = () => undefined
  await backend.open('manifest')
})

it('a missing bucket, wrong credentials and a wrong address say what to do', async () => {
  await using server = await FakeS3.start({ accessKeyId: credentials.accessKeyId })
  expectClear(await rejection(connect(server, { bucket: 'nowhere' }).open('a')), 'NoSuchBucket', 's3://nowhere/jobs/a', 'Create it')
  const wrong = { accessKeyId: 'another', secretAccessKey: 'secret' }
  expectClear(await rejection(connect(server, { credentials: wrong }).open('a')), 'InvalidAccessKeyId', 'Check access key')
  server.fault = () => 403
  expectClear(await rejection(connect(server).open('a')), '403', 's3:PutObject')
  server.fault = () => 404
  expectClear(await rejection(connect(server).open('a')), '404', 'Correct the endpoint')
})

it('an endpoint that nobody listens at is an error, not a wait', async () => {
  const server = await FakeS3.start()
  const { endpoint } = server
  await server[Symbol.asyncDispose]()
  const error = await rejection(connect({ endpoint }, { attemptsMax: 2 }).open('manifest'))
  expectClear(error, 'ECONNREFUSED', endpoint.replace('http://', ''), 'cannot be reached')
  expect(error.outcome).toBe('failed')
})

it('a store that does not answer is an error after the deadline of every attempt', async () => {
  await using server = await FakeS3.start()
  const backend = connect(server, { requestTimeoutMs: 1_000, attemptsMax: 2 })
  server.fault = () => 'hang'
  expectClear(await rejection((await backend.read('a')).get('b')), 'within 1000 ms', 'requestTimeoutMs')
  expect(server.requests).toHaveLength(2)
})

it('without credentials or region it says so', async () => {
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE', 'AWS_REGION', 'AWS_DEFAULT_REGION'])
    vi.stubEnv(name, undefined)
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
  vi.stubEnv('AWS_CONFIG_FILE', '/dev/null')
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null')
  expectClear(await rejection(s3Persistence({ bucket: 'bucket', region: 'eu-central-1' }).open('a')), 'There are no credentials')
  expectClear(await rejection(s3Persistence({ bucket: 'bucket', credentials }).open('a')), 'There is no region')
})

it('a client that repeats requests by itself does not take its own write for a conflict', async () => {
  await using server = await FakeS3.start()
  const client = new S3Client({ endpoint: server.endpoint, region: 'us-east-1', forcePathStyle: true, credentials, maxAttempts: 3 })
  const store = await s3Persistence({ bucket: 'bucket', client }).open('manifest')
  const faults = ['apply-then-500' as const]
  server.fault = ({ operation }) => (operation === 'PutObject' ? faults.shift() : undefined)
  const etag = await store.putIf('head', bytesOf('first'), 'absent')
  expect(await store.get('head')).toMatchObject({ etag })
  client.destroy()
})

it('options that cannot be are refused', () => {
  const options = { bucket: 'bucket', endpoint: 'http://127.0.0.1:9000' }
  for (const wrong of [
    { bucket: '' },
    { endpoint: 'nowhere' },
    { partBytes: 1 },
    { attemptsMax: 0 },
    { requestTimeoutMs: 0 },
    { buckets: 1 },
  ]) {
    expect(() => s3Persistence({ ...options, ...wrong })).toThrow(expect.objectContaining({ code: 'ERR_OPERATOR_ARGUMENT' }))
  }
  expect(() => s3Persistence({ ...options, client: new S3Client({}) })).toThrow(/either a client or endpoint/)
  expect(() => s3Persistence({ ...options, prefix: 'a/../b' })).toThrow(/is no path/)
})

it('a store that is closed, a scope with a slash and a key that is too long are refused', async () => {
  await using server = await FakeS3.start()
  const backend = connect(server)
  const store = await backend.open('manifest')
  expect((await rejection(store.put('a'.repeat(1_100), bytesOf('a')))).message).toMatch(/1116 bytes; S3 allows 1024/)
  expect(await rejection(store.put('../a', bytesOf('a')))).toMatchObject({ code: 'ERR_STORE' })
  expect(await rejection(backend.open('a/b'))).toMatchObject({ code: 'ERR_STORE' })
  await store.put('a', bytesOf('content'))
  await store.close()
  expect(await rejection(store.get('a'))).toMatchObject({ code: 'ERR_STORE_CLOSED' })
  expect(textOf(await (await backend.read('manifest')).get('a'))).toBe('content')
  await backend.close()
})
