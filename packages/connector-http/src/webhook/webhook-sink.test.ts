import { describe, expect, it } from 'vitest'
import { CONTEXT, eventually } from '../fixture/open-source.ts'
import { Receiver } from '../fixture/receiver.ts'
import type { WebhookRejection, WebhookSinkOptions } from './webhook-options.ts'
import { webhookSink, webhookSinkOver } from './webhook-sink.ts'

type Options = Partial<WebhookSinkOptions<unknown, string | undefined, number>>

function openLane(url: string, options: Options = {}, state?: { sequence: number }, clockMs = Date.now) {
  const sink = webhookSinkOver<unknown, string | undefined, number>({ url, ...options }, { clockMs, random: () => 0 })
  return Promise.resolve(sink.openPartition(0, state, { ...CONTEXT, operator: 'alerts' }))
}

describe('a webhook', () => {
  it('gets each record in a request of its own, in order, one at a time', async () => {
    await using receiver = await Receiver.start()
    const lane = await openLane(`${receiver.url}/hook?a=1`, { headers: { 'X-Shop': '7' }, method: 'PUT' })
    for (let i = 0; i < 20; i++) lane.write({ i }, undefined, 0)
    await lane.flush()
    expect(receiver.bodies).toEqual(Array.from({ length: 20 }, (_, i) => ({ i })))
    expect(receiver.concurrentMax).toBe(1)
    expect(receiver.taken[0]).toMatchObject({
      method: 'PUT',
      path: '/hook?a=1',
      headers: { 'x-shop': '7', 'content-type': 'application/json' },
    })
    expect(lane.snapshot(1)).toEqual({ sequence: 20 })
    await lane.close()
  })

  it('gets several records in one request, as an array, without waiting longer than it must', async () => {
    await using receiver = await Receiver.start()
    const lane = await openLane(receiver.url, { batch: { recordsMax: 3, delayMs: 60_000 }, encode: (value, key) => [key, value] })
    for (let i = 0; i < 3; i++) lane.write(i, 'k', 0)
    await eventually('a full batch goes out at once', () => receiver.taken.length === 1)
    for (let i = 3; i < 7; i++) lane.write(i, 'k', 0)
    await lane.flush()
    expect(receiver.bodies).toEqual([[0, 1, 2].map((i) => ['k', i]), [3, 4, 5].map((i) => ['k', i]), [['k', 6]]])
    const soon = await openLane(receiver.url, { batch: { recordsMax: 3, delayMs: 1 } })
    soon.write('alone', undefined, 0)
    await eventually('a batch goes out after its delay', () => receiver.taken.length === 4)
    await Promise.all([lane.close(), soon.close()])
  })

  it.each([500, 503, 408, 425, 429])(
    'gets a request again that it answered %i, with the same key and before later ones',
    async (status) => {
      await using receiver = await Receiver.start()
      receiver.answer = () => (receiver.requests.length === 2 ? status : 200)
      const lane = await openLane(receiver.url)
      for (const value of ['a', 'b', 'c']) lane.write(value, undefined, 0)
      await lane.flush()
      await lane.close()
      expect(receiver.requests.map(({ body }) => body)).toEqual(['a', 'b', 'b', 'c'])
      const keys = receiver.requests.map(({ key }) => key)
      expect(keys[1]).toBe(keys[2])
      expect(new Set(keys).size).toBe(3)
    },
  )

  it('gets a request again if the connection breaks, or if it does not answer in time', async () => {
    await using receiver = await Receiver.start()
    receiver.answer = (_request, response) => {
      if (receiver.requests.length === 1) response.destroy()
      return receiver.requests.length < 3 ? 'nothing' : 200
    }
    const lane = await openLane(receiver.url, { timeoutMs: 100 })
    lane.write('a', undefined, 0)
    await lane.flush()
    await lane.close()
    expect([receiver.requests.length, receiver.bodies]).toEqual([3, ['a']])
  })

  it('waits as long as Retry-After says', async () => {
    await using receiver = await Receiver.start()
    const times: number[] = []
    receiver.answer = (_request, response) => {
      times.push(performance.now())
      response.setHeader('retry-after', '1')
      return times.length === 1 ? 429 : 200
    }
    const lane = await openLane(receiver.url)
    lane.write('a', undefined, 0)
    await lane.flush()
    await lane.close()
    expect((times[1] as number) - (times[0] as number)).toBeGreaterThan(950)
  })

  it('fails when the receiver is away for too long, and tells neither path nor credentials', async () => {
    const receiver = await Receiver.start()
    const url = `${receiver.url.replace('//', '//user:pa%25ss@')}/services/T0/secret?token=secret`
    await receiver[Symbol.asyncDispose]()
    let now = 0
    const lane = await openLane(url, { headers: { 'x-api-key': 'secret' }, retryForMs: 150 }, undefined, () => (now += 20))
    lane.write({ secret: 'of the record' }, undefined, 0)
    const error = await lane.flush().then(
      () => undefined,
      (thrown) => thrown,
    )
    expect(error).toMatchObject({ code: 'ERR_HTTP', outcome: 'unknown', context: { operator: 'alerts', partition: 0 } })
    expect(error.message).toMatch(/^http:\/\/127\.0\.0\.1:\d+ takes no request for 150 ms: ECONNREFUSED\. /)
    expect(JSON.stringify([error.message, error.cause ?? '', error.stack])).not.toMatch(/secret|user|pa%25ss|pa%ss/)
    expect(() => lane.write('b', undefined, 0)).toThrow(error)
    await lane.close()
  })

  it('sends a user and a password of its url as a header', async () => {
    await using receiver = await Receiver.start()
    const lane = await openLane(receiver.url.replace('//', '//user:pa%25ss@'))
    lane.write('a', undefined, 0)
    await lane.flush()
    await lane.close()
    expect(receiver.taken[0]?.headers.authorization).toBe(`Basic ${Buffer.from('user:pa%ss').toString('base64')}`)
  })

  it.each([400, 404, 301, 409])('fails, skips or tells when a request is answered %i', async (status) => {
    await using receiver = await Receiver.start()
    receiver.answer = ({ body }) => (body === 'bad' ? status : 200)
    const write = async (onRejected: Options['onRejected'] & {}) => {
      const lane = await openLane(receiver.url, { onRejected })
      for (const value of ['a', 'bad', 'b']) lane.write(value, undefined, 0)
      try {
        await lane.flush()
      } finally {
        await lane.close()
      }
    }
    await expect(write('fail')).rejects.toMatchObject({
      code: 'ERR_HTTP',
      outcome: 'failed',
      message: expect.stringContaining(`rejects a request: it answers ${status}`),
    })
    expect(receiver.bodies).toEqual(['a'])
    await write('skip')
    const rejections: WebhookRejection<unknown>[] = []
    await write((rejection) => rejections.push(rejection))
    expect(rejections).toEqual([{ status, values: ['bad'] }])
    expect(receiver.bodies).toEqual(['a', 'a', 'b', 'a', 'b'])
  })

  it('is saturated at its bound, and not after a flush', async () => {
    await using receiver = await Receiver.start()
    const lane = await openLane(receiver.url, { bufferBytesMax: 1_000 })
    let count = 0
    for (; !lane.saturated; count++) lane.write('x'.repeat(100), undefined, 0)
    expect(count).toBeLessThanOrEqual(10)
    await lane.flush()
    expect([lane.saturated, receiver.taken.length]).toEqual([false, count])
    await lane.close()
  })

  it('gives a record the key it had before a restart, and another one to another record', async () => {
    await using receiver = await Receiver.start()
    const send = async (state: { sequence: number } | undefined, values: string[], job = 'test') => {
      const sink = webhookSink({ url: receiver.url })
      const lane = await sink.openPartition(3, state, { ...CONTEXT, job })
      for (const value of values) lane.write(value, undefined, 0)
      await lane.flush()
      await lane.close()
      return receiver.taken.splice(0).map(({ key }) => key)
    }
    const keys = await send(undefined, ['a', 'a', 'b'])
    expect(keys.every((key) => /^[0-9a-f]{32}$/.test(key))).toBe(true)
    expect(new Set(keys).size).toBe(3)
    expect(await send({ sequence: 1 }, ['a', 'b'])).toEqual(keys.slice(1))
    const others = await Promise.all([send({ sequence: 1 }, ['b']), send(undefined, ['a'], 'other')])
    expect(keys).not.toContain(others[0]?.[0])
    expect(keys).not.toContain(others[1]?.[0])
  })

  it('keeps the order of a key in one lane, and uses all lanes', () => {
    const sink = webhookSink<number, string, number>({ url: 'https://hooks.example.com', lanes: 4 })
    const lanes = Array.from({ length: 200 }, (_, i) => sink.partitionOf?.(i, `key-${i}`, 0))
    expect(new Set(lanes)).toEqual(new Set([0, 1, 2, 3]))
    expect(sink.partitionOf?.(1, 'key-7', 0)).toBe(sink.partitionOf?.(2, 'key-7', 9))
  })

  it('ends at once when it is closed, also between two attempts', async () => {
    await using receiver = await Receiver.start()
    receiver.answer = (_request, response) => {
      response.setHeader('retry-after', '30')
      return 503
    }
    const lane = await openLane(receiver.url)
    lane.write('a', undefined, 0)
    await eventually('a request arrives', () => receiver.requests.length === 1)
    await lane.close()
    await lane.close()
  })

  it('refuses a record that has no JSON', async () => {
    const lane = await openLane('http://localhost', { encode: () => undefined })
    expect(() => lane.write('a', undefined, 0)).toThrow(expect.objectContaining({ code: 'ERR_RECORD_INVALID' }))
    await lane.close()
  })
})

describe('options of a webhook', () => {
  it.each([
    [{ url: 'hooks.example.com/x' }, 'an address that begins with https://'],
    [{ url: 'ftp://hooks.example.com' }, 'not ftp:'],
    [{ url: 'http://user:secret@hooks.example.com' }, 'would send credentials to http://hooks.example.com without encryption'],
    [{ url: 'http://hooks.example.com', headers: { Authorization: 'Bearer secret' } }, 'without encryption'],
    [{ headers: { 'x-token': 'a\nsecret' } }, '"x-token" has a name or a value that cannot be sent'],
    [{ headers: { 'Idempotency-Key': '1' } }, 'which it sets itself'],
    [{ url: 'https://a:b@hooks.example.com', headers: { authorization: 'c' } }, 'either in the url or in headers.authorization'],
    [{ url: 'https://a:%@hooks.example.com' }, 'a % stands alone'],
    [{ method: 'GET' }, "method: 'POST'"],
    [{ lanes: 0 }, 'lanes: a whole number above 0'],
    [{ timeoutMs: Number.NaN }, 'timeoutMs: a whole number'],
    [{ batch: { recordsMax: 0 } }, 'batch: { recordsMax, delayMs }'],
    [{ batch: { recordsMax: 1, records: 1 } }, 'no option "records"'],
    [{ onRejected: 'drop' }, "onRejected: 'fail', 'skip' or a function"],
    [{ retries: 3 }, 'no option "retries"'],
  ])('refuses %j', (options, message) => {
    const make = () => webhookSink({ url: 'https://hooks.example.com', ...options } as WebhookSinkOptions<unknown, unknown, unknown>)
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_OPERATOR_ARGUMENT', message: expect.stringContaining(message) }))
    expect(make).not.toThrow(/secret/)
  })
})
