import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { CONTEXT, NOON, OpenSource, post } from '../fixture/open-source.ts'
import { httpSource } from './http-source.ts'
import type { HttpSourceOptions } from './http-source-options.ts'

const NDJSON = { 'content-type': 'application/x-ndjson' }

describe('a source of requests', () => {
  it('takes one value, an array of them, and one for each line', async () => {
    await using source = await OpenSource.open()
    expect(await source.post({ a: 1 })).toMatchObject({ status: 202, body: { accepted: 1 } })
    expect(await source.post([1, 'two', null])).toMatchObject({ status: 202, body: { accepted: 3 } })
    expect(await source.post('{"b":2}\n\n"größe"\r\n', NDJSON)).toMatchObject({ status: 202, body: { accepted: 2 } })
    expect(await source.post('[[1,2]]')).toMatchObject({ body: { accepted: 1 } })
    expect(await source.post([])).toMatchObject({ status: 202, body: { accepted: 0 } })
    expect(await source.readTo(7)).toEqual([{ a: 1 }, 1, 'two', null, { b: 2 }, 'größe', [1, 2]])
    expect(new Set(source.timestamps)).toEqual(new Set([NOON]))
    expect(source.partition.snapshot()).toEqual({ position: 7 })
  })

  it('gives decode the request, without its credentials', async () => {
    const seen: unknown[] = []
    await using source = await OpenSource.open({
      token: 'secret',
      decode: (value, { headers, query, timestamp }) => {
        seen.push(headers['x-event'], query.get('shop'), timestamp, headers.authorization, headers.cookie)
        return value
      },
    })
    await post(`${source.url}?shop=7`, 1, { 'x-event': 'paid', authorization: 'Bearer secret', cookie: 'a=b' })
    expect(seen).toEqual(['paid', '7', NOON, undefined, undefined])
  })

  it('takes nothing of a request that it cannot decode', async () => {
    await using source = await OpenSource.open<number>({
      decode: (value) => {
        if (typeof value !== 'number') throw new Error('not a number')
        return value
      },
    })
    expect(await source.post([1, 2, 'three'])).toMatchObject({ status: 400, body: { error: 'record 3: not a number' } })
    expect(await source.post('1\n2\n{', NDJSON)).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining('line 3: not valid JSON') },
    })
    expect(await source.post('{')).toMatchObject({ status: 400 })
    expect(await source.post('')).toMatchObject({ status: 400 })
    await source.post(4)
    expect(await source.readTo(1)).toEqual([4])
    expect(source.poll()).toBe('idle')
    expect(source.values).toEqual([4])
  })

  it('refuses bytes that are no UTF-8, other types, compressed bodies, other methods and other paths', async () => {
    await using source = await OpenSource.open({ path: '/in' })
    const send = async (init: RequestInit, url = source.url) => (await fetch(url, { method: 'POST', ...init })).status
    const json = { 'content-type': 'application/json' }
    expect(await send({ headers: json, body: Uint8Array.of(0x22, 0xff, 0x22) })).toBe(400)
    expect(await send({ body: 'a=1' })).toBe(415)
    expect(await send({ headers: { ...json, 'content-encoding': 'gzip' }, body: '1' })).toBe(415)
    expect(await send({ headers: json, method: 'PUT', body: '1' })).toBe(405)
    expect(await send({ headers: json, body: '1' }, source.url.replace('/in', '/'))).toBe(404)
    expect(await send({ headers: { 'content-type': 'application/cloudevents+json; charset=utf-8' }, body: '1' }, `${source.url}?x`)).toBe(
      202,
    )
  })

  it('answers 429 with Retry-After while the job does not read, and goes on when it does', async () => {
    await using source = await OpenSource.open({ queuedRecordsMax: 5 })
    expect(await source.post([1, 2, 3])).toMatchObject({ status: 202 })
    const full = await source.post([4, 5, 6])
    expect(full.status).toBe(429)
    expect(full.headers.get('retry-after')).toBe('1')
    expect(await source.post([4, 5])).toMatchObject({ status: 202 })
    expect(await source.post([6])).toMatchObject({ status: 429 })
    expect(await source.post([1, 2, 3, 4, 5, 6])).toMatchObject({ status: 429 })
    expect(await source.readTo(5)).toEqual([1, 2, 3, 4, 5])
    expect(await source.post([1, 2, 3, 4, 5, 6])).toMatchObject({ status: 413 })
    expect(await source.post([6])).toMatchObject({ status: 202 })
    expect(await source.readTo(6)).toHaveLength(6)
  })

  it('bounds the bytes of a body and of all bodies together', async () => {
    await using source = await OpenSource.open({ bodyBytesMax: 1_000, queuedBytesMax: 2_500 })
    const body = 'x'.repeat(900)
    expect(await source.post('x'.repeat(1_001))).toMatchObject({ status: 413 })
    expect([await source.post([body]), await source.post([body])]).toMatchObject([{ status: 202 }, { status: 202 }])
    expect(await source.post([body])).toMatchObject({ status: 429 })
    await source.readTo(2)
    expect(await source.post([body])).toMatchObject({ status: 202 })
    // Without a length that could be checked before.
    const chunked = httpRequest(source.url, { method: 'POST', headers: { 'content-type': 'application/json' } })
    chunked.write('"')
    chunked.end('y'.repeat(2_000))
    const [response] = (await once(chunked, 'response')) as [{ statusCode: number; resume(): void }]
    expect(response.statusCode).toBe(413)
    response.resume()
  })

  it('wants the token, if it has one', async () => {
    await using source = await OpenSource.open({ token: 'open-sesame' })
    expect((await source.post(1)).headers.get('www-authenticate')).toBe('Bearer')
    for (const authorization of ['Bearer open-sesam', 'Basic open-sesame', 'Bearer', 'Bearer open-sesame2']) {
      expect(await source.post(1, { authorization })).toMatchObject({ status: 401 })
    }
    expect(await source.post(1, { authorization: 'bearer open-sesame' })).toMatchObject({ status: 202 })
  })

  it('talks to no foreign web page, and not under a foreign name', async () => {
    await using source = await OpenSource.open()
    expect(await source.post(1, { origin: 'https://evil.example' })).toMatchObject({ status: 403 })
    expect(await source.post(1, { origin: 'null' })).toMatchObject({ status: 403 })
    const local = await source.post(1, { origin: 'http://localhost:5173' })
    expect([local.status, local.headers.get('access-control-allow-origin')]).toEqual([202, 'http://localhost:5173'])
    expect(await statusUnder(source.url, 'rebound.example')).toBe(403)
    await using shop = await OpenSource.open({ origins: ['https://shop.example'] })
    expect(await shop.post(1, { origin: 'http://localhost:5173' })).toMatchObject({ status: 403 })
    expect(await shop.post(1, { origin: 'https://shop.example' })).toMatchObject({ status: 202 })
    expect(await statusUnder(shop.url, 'shop.example')).toBe(202)
    const preflight = await fetch(shop.url, { method: 'OPTIONS', headers: { origin: 'https://shop.example' } })
    expect([preflight.status, preflight.headers.get('access-control-allow-headers')]).toEqual([
      204,
      expect.stringContaining('idempotency-key'),
    ])
  })

  it('does not take a request twice that has the same Idempotency-Key, within its window', async () => {
    await using source = await OpenSource.open({ idempotencyKeysMax: 2, queuedRecordsMax: 3 })
    const send = (value: string, key: string) => source.post([value], { 'idempotency-key': key })
    expect(await send('a', '1')).toMatchObject({ status: 202, body: { accepted: 1 } })
    expect(await send('a', '1')).toMatchObject({ status: 202, body: { repeated: true } })
    await send('b', '2')
    await send('c', '3') // The first key is forgotten.
    expect(await send('c', '3')).toMatchObject({ status: 202, body: { repeated: true } })
    expect(await send('a', '1')).toMatchObject({ status: 429 })
    expect(await source.readTo(3)).toEqual(['a', 'b', 'c'])
    expect(await send('a', '1')).toMatchObject({ status: 202, body: { accepted: 1 } })
    expect(await send('d', 'k'.repeat(256))).toMatchObject({ status: 400 })
  })

  it('forgets the bytes of a body that broke off', async () => {
    await using source = await OpenSource.open({ bodyBytesMax: 1_000, queuedBytesMax: 1_000 })
    for (let i = 0; i < 3; i++) {
      const socket = connect(Number(new URL(source.url).port), '127.0.0.1')
      await once(socket, 'connect')
      socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n')
      await new Promise((resolve) => socket.write(`"${'x'.repeat(800)}`, resolve))
      socket.destroy()
      await once(socket, 'close')
    }
    let answer = await source.post(`"${'y'.repeat(900)}"`)
    // The server may not have seen yet that the last one is gone.
    for (let i = 0; i < 200 && answer.status === 429; i++) answer = await source.post(`"${'y'.repeat(900)}"`)
    expect(answer.status).toBe(202)
  })

  it('answers 503 to what is under way when it closes, also over connections that stay open', async () => {
    const source = await OpenSource.open()
    const headers = { 'content-type': 'application/json', 'content-length': '10', expect: '100-continue' }
    const half = httpRequest(source.url, { method: 'POST', headers })
    half.flushHeaders()
    await once(half, 'continue') // It waits for the body now.
    half.write('"abc')
    const answered = once(half, 'response') as Promise<[{ statusCode: number; headers: Record<string, string>; resume(): void }]>
    await Promise.all([source.partition.close(), source.partition.close()])
    const [response] = await answered
    expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '1'])
    response.resume()
    half.destroy()
    await expect(source.post(1)).rejects.toThrow('fetch failed')
  })
})

describe('options of a source of requests', () => {
  const make = (options: object) => () => httpSource({ port: 0, decode: (value) => value, ...options } as HttpSourceOptions<unknown>)

  it.each([
    [{ port: 70_000 }, 'a port from 0 to 65535'],
    [{ port: undefined }, 'a port from 0'],
    [{ host: '' }, 'an address of this machine'],
    [{ path: 'in' }, 'one that begins with /'],
    [{ path: '/in?x' }, 'has no query'],
    [{ origins: ['https://shop.example/'] }, 'without a path'],
    [{ decode: undefined }, 'decode: a function'],
    [{ token: 'with space' }, 'visible ASCII'],
    [{ bodyBytesMax: 0 }, 'bodyBytesMax: a whole number above 0'],
    [{ queuedBytesMax: 10 }, 'a bodyBytesMax of at most queuedBytesMax'],
    [{ durable: { directory: '' } }, 'the path of a folder'],
    [{ durable: { directory: 'x', bytesMax: 5 } }, 'durable.bytesMax of at least'],
    [{ durable: { folder: 'x' } }, 'no option "folder"'],
    [{ porter: 1 }, 'no option "porter"'],
  ])('refuses %j', (options, message) => {
    expect(make(options)).toThrow(expect.objectContaining({ code: 'ERR_OPERATOR_ARGUMENT', message: expect.stringContaining(message) }))
  })

  it('says which port is taken, and which address is none', async () => {
    await using source = await OpenSource.open()
    const { port } = new URL(source.url)
    const open = (options: object) => make(options)().openPartition('requests', undefined, CONTEXT)
    await expect(open({ port: Number(port) })).rejects.toMatchObject({
      code: 'ERR_ADDRESS_IN_USE',
      message: `httpSource cannot listen on 127.0.0.1:${port}: another program does. End it, or choose another port.`,
    })
    await expect(open({ host: '192.0.2.7' })).rejects.toMatchObject({ code: 'ERR_ADDRESS_INVALID' })
  })
})

async function statusUnder(url: string, host: string): Promise<number> {
  const request = httpRequest(url, { method: 'POST', headers: { host, 'content-type': 'application/json' } })
  request.end('1')
  const [response] = (await once(request, 'response')) as [{ statusCode: number; resume(): void }]
  response.resume()
  return response.statusCode
}
