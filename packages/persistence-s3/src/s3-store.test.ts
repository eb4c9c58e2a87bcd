import { FakeS3 } from '@malstrom/services'
import { expect, it } from 'vitest'
import { bytesOf, connect, rejection, textOf } from './fixture/connect.ts'

const MIB = 1 << 20

async function pathsIn(paths: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = []
  for await (const path of paths) found.push(path)
  return found
}

/** Bytes that differ from place to place, so that parts that change places are noticed. */
function pattern(length: number): Uint8Array {
  const bytes = new Uint32Array(length / 4)
  for (let index = 0; index < bytes.length; index++) bytes[index] = index
  return new Uint8Array(bytes.buffer)
}

it('a large object is uploaded in parts and comes back whole', async () => {
  await using server = await FakeS3.start()
  const store = await connect(server, { partBytes: 5 * MIB }).open('worker-0')
  const content = pattern(12 * MIB)
  const etag = await store.put('large', content)
  expect(server.count('UploadPart')).toBe(3)
  expect(server.bucket.uploads.size).toBe(0)
  const read = await store.get('large')
  expect(Buffer.compare(read?.bytes ?? new Uint8Array(), content)).toBe(0)
  expect(read?.etag).toBe(etag)
  await store.putIf('large', bytesOf('small'), etag)
  expect(textOf(await store.get('large'))).toBe('small')
})

it('an upload that fails is thrown away', async () => {
  await using server = await FakeS3.start()
  const store = await connect(server, { partBytes: 5 * MIB, attemptsMax: 2 }).open('worker-0')
  server.fault = ({ operation, query }) => (operation === 'UploadPart' && query.get('partNumber') === '2' ? 500 : undefined)
  const error = await rejection(store.put('large', pattern(11 * MIB)))
  expect(error).toMatchObject({ code: 'ERR_STORE' })
  expect(server.count('AbortMultipartUpload')).toBe(1)
  expect(server.bucket.uploads.size).toBe(0)
  expect(await store.get('large')).toBeUndefined()
})

it('an upload whose last answer is lost is found out to have happened', async () => {
  await using server = await FakeS3.start()
  const store = await connect(server, { partBytes: 5 * MIB }).open('worker-0')
  server.fault = ({ operation }) => (operation === 'CompleteMultipartUpload' ? 'drop-response' : undefined)
  const etag = await store.put('large', pattern(6 * MIB))
  expect(await store.get('large')).toMatchObject({ etag })
})

it('a listing has many pages and keeps byte order and strange characters', async () => {
  await using server = await FakeS3.start({ pageSize: 3 })
  const store = await connect(server).open('worker-0')
  const paths = ['a b', 'a+b', 'a/1', 'a/10', 'a/2', 'a%20b', 'aé', 'a&<b>', 'a😀', 'a\u{ffee}', 'b', 'a"\'b', 'a\u0001b']
  for (const path of paths) await store.put(path, bytesOf(path))
  const sorted = paths.toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)))
  expect(await pathsIn(store.list(''))).toEqual(sorted)
  expect(await pathsIn(store.list('a/'))).toEqual(['a/1', 'a/10', 'a/2'])
  for (const path of paths) expect(textOf(await store.get(path))).toBe(path)
  await store.delete(paths)
  expect(await pathsIn(store.list(''))).toEqual([])
})

it('thousands of objects are deleted a thousand at a time', async () => {
  await using server = await FakeS3.start()
  const store = await connect(server).open('worker-0')
  const paths = Array.from({ length: 2_500 }, (_, index) => `segment-${index}`)
  const stored = server.bucket.objects
  for (const path of paths) stored.set(`jobs/a/worker-0/${path}`, { body: Buffer.alloc(20), etag: '0', modified: new Date(0) })
  await store.delete(paths)
  expect(server.count('DeleteObjects')).toBe(3)
  expect(stored.size).toBe(0)
  await store.delete([])
  expect(server.count('DeleteObjects')).toBe(3)
})

it('an object that cannot be deleted is named', async () => {
  await using server = await FakeS3.start()
  const store = await connect(server).open('worker-0')
  for (const path of ['a', 'locked', 'z']) await store.put(path, bytesOf(path))
  server.bucket.undeletable.add('jobs/a/worker-0/locked')
  const error = await rejection(store.delete(['a', 'locked', 'z']))
  expect(error).toMatchObject({ code: 'ERR_STORE', outcome: 'unknown' })
  expect(error.message).toContain('1 of 3 objects')
  expect(error.message).toContain('"jobs/a/worker-0/locked" (AccessDenied)')
  expect(await pathsIn(store.list(''))).toEqual(['locked'])
})

it('scopes and prefixes do not see each other', async () => {
  await using server = await FakeS3.start()
  const backend = connect(server)
  const one = await backend.open('worker-1')
  await one.put('a', bytesOf('one'))
  expect(await (await backend.open('worker-10')).get('a')).toBeUndefined()
  expect(await pathsIn((await backend.read('worker')).list(''))).toEqual([])
  expect(await pathsIn((await connect(server, { prefix: 'jobs' }).read('worker-1')).list(''))).toEqual([])
  expect(textOf(await (await connect(server, { prefix: '/jobs/a/' }).read('worker-1')).get('a'))).toBe('one')
  expect([...server.bucket.objects.keys()]).toEqual(['jobs/a/worker-1/a'])
})

it('an object that Malstrom has not written is an error', async () => {
  await using server = await FakeS3.start()
  const store = await connect(server).open('worker-0')
  server.bucket.objects.set('jobs/a/worker-0/foreign', { body: Buffer.from('written by hand'), etag: '0', modified: new Date(0) })
  const error = await rejection(store.get('foreign'))
  expect(error).toMatchObject({ code: 'ERR_DATA_CORRUPT' })
  expect(error.message).toContain('s3://bucket/jobs/a/worker-0/foreign')
})

it.each([503, 'drop-request', 'drop-response'] as const)('reading, listing and deleting are tried again (%s)', async (fault) => {
  await using server = await FakeS3.start()
  const store = await connect(server).open('worker-0')
  await store.put('a', bytesOf('one'))
  let turn = 0
  server.fault = () => (turn++ % 2 === 0 ? fault : undefined)
  expect(textOf(await store.get('a'))).toBe('one')
  expect(await pathsIn(store.list(''))).toEqual(['a'])
  await store.put('b', bytesOf('two'))
  await store.delete(['a'])
  expect(await pathsIn(store.list(''))).toEqual(['b'])
})

it('lists paths as they are also where the store encodes none', async () => {
  await using server = await FakeS3.start({ neverEncodes: true })
  const store = await connect(server).open('manifest')
  const paths = [' a ', '%', '100%25', 'a&<b>', 'a+b']
  for (const path of paths) await store.put(path, bytesOf(path))
  expect(await pathsIn(store.list(''))).toEqual(paths)
})
