import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { FakeS3 } from '@malstrom/services'
import { expect, it, vi } from 'vitest'
import { bytesOf, environmentOf, PATIENCE_MS, pathsIn, rejection, textOf } from './fixture/outcome.ts'
import { TemporaryFolder } from './fixture/temporary-folder.ts'
import { slateDbPersistence, slateDbPersistenceWith } from './slatedb-persistence.ts'

vi.setConfig({ testTimeout: PATIENCE_MS })

it('a later writer fences an earlier one, and goes on from its last durable write', async () => {
  using folder = new TemporaryFolder()
  const earlier = slateDbPersistence({ url: folder.url })
  const later = slateDbPersistence({ url: folder.url })
  const store = await earlier.open('manifest')
  const etag = await store.putIf('head', bytesOf('first'), 'absent')
  const other = await later.open('manifest')
  const error = await rejection(store.putIf('head', bytesOf('of a zombie'), etag))
  expect(error).toMatchObject({ code: 'ERR_FENCED' })
  expect(error.message).toContain(folder.url)
  expect(await rejection(store.get('head'))).toMatchObject({ code: 'ERR_FENCED' })
  expect(await other.get('head')).toMatchObject({ etag })
  await other.putIf('head', bytesOf('second'), etag)
  // Opened again it takes the scope back.
  const again = await earlier.open('manifest')
  expect(textOf(await again.get('head'))).toBe('second')
  expect(await rejection(other.put('head', bytesOf('third')))).toMatchObject({ code: 'ERR_FENCED' })
  await Promise.all([earlier.close(), later.close()])
})

it('within a backend a scope may be opened several times', async () => {
  using folder = new TemporaryFolder()
  const backend = slateDbPersistence({ url: folder.url })
  const [one, other] = await Promise.all([backend.open('worker-0'), backend.open('worker-0')])
  const etag = await one.put('a', bytesOf('one'))
  expect(await other.get('a')).toMatchObject({ etag })
  await one.close()
  await other.putIf('a', bytesOf('two'), etag)
  await other.close()
  expect(textOf(await (await backend.open('worker-0')).get('a'))).toBe('two')
  await backend.close()
})

it('anyone reads while another writes, and does not disturb it', async () => {
  using folder = new TemporaryFolder()
  const writer = slateDbPersistence({ url: folder.url })
  const other = slateDbPersistence({ url: folder.url, refreshIntervalMs: 50 })
  const reader = await other.read('worker-0')
  expect(await reader.get('a')).toBeUndefined()
  expect(await pathsIn(reader.list(''))).toEqual([])
  const store = await writer.open('worker-0')
  for (let index = 0; index < 20; index++) {
    const etag = await store.put(`segment/${index}`, new Uint8Array(10_000).fill(index))
    const read = await reader.get(`segment/${index}`)
    expect(read?.etag).toBe(etag)
    expect(read?.bytes).toEqual(new Uint8Array(10_000).fill(index))
  }
  await store.delete(['segment/7'])
  expect(await pathsIn(reader.list('segment/1'))).toHaveLength(11)
  expect(await pathsIn(reader.list(''))).toHaveLength(19)
  await vi.waitFor(async () => expect(await reader.get('segment/7')).toBeUndefined(), { timeout: 20_000 })
  await store.put('last', bytesOf('still mine'))
  await reader.close()
  await Promise.all([other.close(), writer.close()])
})

it('a process that was killed leaves what was durable, and its scope can be taken over', async () => {
  using folder = new TemporaryFolder()
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  const child = fork(fileURLToPath(new URL('./fixture/writer-process.ts', import.meta.url)), [folder.url], {
    execArgv: ['--conditions=@malstrom/source', '--import', tsx],
  })
  expect((await once(child, 'message'))[0]).toBe('written')
  const backend = slateDbPersistence({ url: folder.url })
  expect(textOf(await (await backend.read('worker-0')).get('of/another'))).toBe('process')
  child.kill('SIGKILL')
  await once(child, 'exit')
  const store = await backend.open('worker-0')
  expect(textOf(await store.get('of/another'))).toBe('process')
  await store.put('of/another', bytesOf('taken over'))
  await backend.close()
})

it('a large object is read whole, also while it is replaced and deleted', async () => {
  using folder = new TemporaryFolder()
  const backend = slateDbPersistence({ url: folder.url })
  const store = await backend.open('worker-0')
  const large = (round: number) => new Uint8Array(2_500_000).fill(round)
  await store.put('large', large(0))
  const reads = Array.from({ length: 12 }, async () => {
    const { bytes } = (await store.get('large')) ?? { bytes: new Uint8Array() }
    expect(bytes.length).toBe(2_500_000)
    expect(bytes.every((byte) => byte === bytes[0])).toBe(true)
  })
  for (let round = 1; round < 4; round++) await store.put('large', large(round))
  await Promise.all(reads)
  await store.delete(['large'])
  expect(await store.get('large')).toBeUndefined()
  await backend.close()
})

it('scopes and paths may have any characters', async () => {
  await using server = await FakeS3.start()
  const backend = slateDbPersistence({ url: 's3://bucket/a', environment: environmentOf(server.endpoint) })
  for (const scope of ['worker 0%', 'ä=', 'worker-0']) {
    const store = await backend.open(scope)
    await store.put('a b/ü%2F😀', bytesOf(scope))
    expect(textOf(await store.get('a b/ü%2F😀'))).toBe(scope)
    expect(await pathsIn(store.list('a'))).toEqual(['a b/ü%2F😀'])
  }
  expect(new Set([...server.bucket.objects.keys()].map((key) => key.split('/')[1]))).toEqual(
    new Set(['worker=200=25', '=c3=a4=3d', 'worker-0']),
  )
  await backend.close()
})

it('a store that does not answer is an error after the deadline, and the next open starts anew', { timeout: 60_000 }, async () => {
  await using server = await FakeS3.start()
  const environment = environmentOf(server.endpoint)
  const backend = slateDbPersistence({ url: 's3://bucket/a', environment, callTimeoutMs: 8_000 })
  const store = await backend.open('worker-0')
  await store.put('a', bytesOf('one'))
  server.fault = () => 'hang'
  const error = await rejection(store.put('b', bytesOf('two')))
  expect(error).toMatchObject({ code: 'ERR_STORE', outcome: 'unknown' })
  expect(error.message).toMatch(/s3:\/\/bucket\/a .*within 8000 ms.*callTimeoutMs/)
  expect(error.message).not.toContain('secret')
  expect(await rejection(store.get('a'))).toMatchObject({ code: 'ERR_STORE', outcome: 'failed' })
  await store.close()
  server.fault = () => undefined
  const again = await backend.open('worker-0')
  expect(textOf(await again.get('a'))).toBe('one')
  await backend.close()
})

it('a bucket that is missing, an address that is none and a directory that is a file say what to do', async () => {
  await using server = await FakeS3.start()
  using folder = new TemporaryFolder()
  const environment = environmentOf(server.endpoint)
  const missing = slateDbPersistence({ url: 's3://nowhere/a', environment, callTimeoutMs: 8_000 })
  expect((await rejection(missing.open('a'))).message).toMatch(/s3:\/\/nowhere\/a .*Check the address, the credentials/)
  expect((await rejection(slateDbPersistence({ url: 'nothing://there' }).open('a'))).message).toMatch(/Check the address/)
  writeFileSync(join(folder.path, 'file'), '')
  const error = await rejection(slateDbPersistence({ url: `${folder.url}/file/below` }).open('a'))
  expect(error).toMatchObject({ code: 'ERR_STORE', outcome: 'failed' })
  expect(error.message).toMatch(/ENOTDIR.*choose another directory/)
})

it('without a binding for the platform it says where there is one', async () => {
  using folder = new TemporaryFolder()
  const error = await rejection(slateDbPersistenceWith({ url: folder.url }, '@slatedb/not-here').open('a'))
  expect(error).toMatchObject({ code: 'ERR_DEPENDENCY_MISSING' })
  expect(error.message).toMatch(/npm install @slatedb\/uniffi.*elsewhere use s3Persistence/)
})

it('options that cannot be are refused', async () => {
  for (const wrong of [
    { url: '/var/lib' },
    { url: 's3://key:secret@bucket/a' },
    { flushIntervalMs: 0 },
    { callTimeoutMs: 0.5 },
    { path: '/a' },
  ]) {
    expect(() => slateDbPersistence({ url: 'file:///var/lib', ...wrong })).toThrow(
      expect.objectContaining({ code: 'ERR_OPERATOR_ARGUMENT' }),
    )
  }
  expect(await rejection(slateDbPersistence({ url: 'file:///var/lib' }).open('a/b'))).toMatchObject({ code: 'ERR_STORE' })
})
