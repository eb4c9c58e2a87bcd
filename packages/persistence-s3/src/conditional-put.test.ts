import { FakeS3, type S3Request } from '@malstrom/services'
import { expect, it } from 'vitest'
import { bytesOf, connect, rejection, textOf } from './fixture/connect.ts'

const isHead = ({ key }: S3Request) => key.endsWith('/head')

/** A server where the next writes of `head` go wrong, one fault each. */
async function storeWith(...faults: ReturnType<FakeS3['fault']>[]) {
  const server = await FakeS3.start()
  // Patient: a first write that was tried twice could come twice, the second time in the middle of a test.
  const first = await (await connect(server).open('manifest')).put('head', bytesOf('first'))
  const store = await connect(server, { requestTimeoutMs: 300, attemptsMax: 3 }).open('manifest')
  server.fault = (request) => (isHead(request) && request.operation === 'PutObject' ? faults.shift() : undefined)
  return { server, store, first }
}

it.each(['drop-response', 'apply-then-500'] as const)('a write whose answer is lost (%s) and that happened succeeds', async (fault) => {
  const { server, store, first } = await storeWith(fault)
  await using _server = server
  const etag = await store.putIf('head', bytesOf('second'), first)
  expect(await store.get('head')).toMatchObject({ etag })
  expect(textOf(await store.get('head'))).toBe('second')
  expect(server.requests.filter(({ key, operation }) => key.endsWith('/head') && operation === 'PutObject')).toHaveLength(2)
})

it.each(['drop-request', 500, 503, 'hang'] as const)('a write that did not happen (%s) is tried again', async (fault) => {
  const { server, store, first } = await storeWith(fault)
  await using _server = server
  await store.putIf('head', bytesOf('second'), first)
  expect(textOf(await store.get('head'))).toBe('second')
})

it('a write of a new object whose answer is lost succeeds', async () => {
  const { server, store } = await storeWith()
  await using _server = server
  const faults = ['drop-response' as const]
  server.fault = (request) => (request.operation === 'PutObject' ? faults.shift() : undefined)
  const etag = await store.putIf('new', bytesOf('content'), 'absent')
  expect(await store.get('new')).toMatchObject({ etag })
})

it('a conflict is a conflict, and changes nothing', async () => {
  const { server, store, first } = await storeWith()
  await using _server = server
  const second = await store.put('head', bytesOf('second'))
  for (const expected of [first, 'absent', '"nonsense"']) {
    expect(await rejection(store.putIf('head', bytesOf('third'), expected))).toMatchObject({
      code: 'ERR_STORE_CONFLICT',
      outcome: 'failed',
    })
  }
  expect(await rejection(store.putIf('not-there', bytesOf('third'), first))).toMatchObject({ code: 'ERR_STORE_CONFLICT' })
  expect(await store.get('head')).toMatchObject({ etag: second })
})

it('a write that may have happened and was written over has an unknown outcome', async () => {
  const { server, store, first } = await storeWith('drop-response')
  await using _server = server
  const other = await connect(server).open('manifest')
  let overwritten = false
  const { fault } = server
  server.fault = (request) => {
    // Between the write and the look at what came of it, somebody else writes.
    if (request.operation === 'GetObject' && !overwritten) {
      overwritten = true
      return { delayMs: 50 }
    }
    return fault(request)
  }
  const write = store.putIf('head', bytesOf('second'), first)
  while (!overwritten) await new Promise((resolve) => setImmediate(resolve))
  await other.put('head', bytesOf('of another'))
  expect(await rejection(write)).toMatchObject({ code: 'ERR_STORE', outcome: 'unknown' })
  expect(textOf(await store.get('head'))).toBe('of another')
})

it('a write that is never answered has an unknown outcome', async () => {
  const { server, store, first } = await storeWith('hang', 'hang', 'hang')
  await using _server = server
  const error = await rejection(store.putIf('head', bytesOf('second'), first))
  expect(error).toMatchObject({ code: 'ERR_STORE', outcome: 'unknown' })
  expect(error.message).toMatch(/did not answer within 300 ms/)
})

it('a write that cannot be looked at afterwards has an unknown outcome', async () => {
  const { server, store, first } = await storeWith('drop-response')
  await using _server = server
  const { fault } = server
  server.fault = (request) => (request.operation === 'GetObject' ? 500 : fault(request))
  expect(await rejection(store.putIf('head', bytesOf('second'), first))).toMatchObject({ code: 'ERR_STORE', outcome: 'unknown' })
})

it('of many writers that expect the same, one wins', async () => {
  const { server, store, first } = await storeWith()
  await using _server = server
  const others = await Promise.all(Array.from({ length: 8 }, () => connect(server).open('manifest')))
  const writes = await Promise.allSettled(others.map((other, index) => other.putIf('head', bytesOf(`writer ${index}`), first)))
  expect(writes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  const winner = writes.findIndex(({ status }) => status === 'fulfilled')
  expect(textOf(await store.get('head'))).toBe(`writer ${winner}`)
})

it('a writer whose answers are lost never takes its own write for a conflict, nor another for its own', async () => {
  const { server, first } = await storeWith()
  await using _server = server
  const faults = ['drop-response', 'apply-then-500', 'drop-request', undefined] as const
  let count = 0
  server.fault = (request) => (isHead(request) && request.operation === 'PutObject' ? faults[count++ % faults.length] : undefined)
  const stores = await Promise.all(Array.from({ length: 4 }, () => connect(server).open('manifest')))
  let expected = first
  for (let round = 0; round < 10; round++) {
    const writes = await Promise.allSettled(stores.map((store, index) => store.putIf('head', bytesOf(`${round}.${index}`), expected)))
    const current = await stores[0]?.get('head')
    writes.forEach((write, index) => {
      if (write.status === 'fulfilled') expect([textOf(current), current?.etag]).toEqual([`${round}.${index}`, write.value])
      else if (write.reason.code === 'ERR_STORE_CONFLICT') expect(textOf(current)).not.toBe(`${round}.${index}`)
      else expect(write.reason).toMatchObject({ code: 'ERR_STORE', outcome: 'unknown' })
    })
    expected = current?.etag ?? first
  }
})

it('the same content again has another ETag', async () => {
  const { server, store, first } = await storeWith()
  await using _server = server
  await store.put('head', bytesOf('second'))
  const again = await store.put('head', bytesOf('first'))
  expect(again).not.toBe(first)
  expect(await rejection(store.putIf('head', bytesOf('third'), first))).toMatchObject({ code: 'ERR_STORE_CONFLICT' })
})
