import { describe, expect, it } from 'vitest'
import { EventListener } from '../fixture/listeners.ts'
import { OpenLiveSink } from '../fixture/open-live-sink.ts'
import { eventually } from '../fixture/open-source.ts'
import { eventStreamSink } from './event-stream-sink.ts'
import type { LivePosition, LiveSinkOptions } from './live-options.ts'

const open = (options: Partial<LiveSinkOptions<unknown, undefined, number>> = {}, state?: LivePosition) =>
  OpenLiveSink.open(eventStreamSink, options, state)

describe('a stream of events', () => {
  it('shows every listener each record from when it came, with its number', async () => {
    await using sink = await open({ path: '/live' })
    await using first = await EventListener.connect(`${sink.url}?x=1`)
    expect(first.response.headers).toMatchObject({ 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' })
    sink.write({ a: 1 })
    await first.read(1)
    await using second = await EventListener.connect(sink.url)
    sink.write('two', 3)
    expect(await first.read(3)).toEqual(['{"a":1}', '"two"', '3'])
    expect(await second.read(2)).toEqual(['"two"', '3'])
    expect(second.events.map(({ id }) => id)).toEqual(['2', '3'])
    await sink.partition.flush()
    expect(sink.partition.snapshot(1)).toEqual({ sequence: 3 })
  })

  it('keeps text of several lines in one event', async () => {
    await using sink = await open({ encode: String })
    await using listener = await EventListener.connect(sink.url)
    sink.write('a\nb\r\nc\rd', 'id: 9')
    expect(await listener.read(2)).toEqual(['a\nb\nc\nd', 'id: 9'])
  })

  it('replays the last records, and to those who come again what they missed', async () => {
    await using sink = await open({ replayRecords: 3 }, { sequence: 10 })
    await using early = await EventListener.connect(sink.url)
    sink.write('a', 'b')
    await early.read(2)
    const since = async (id: string, count: number) => {
      await using listener = await EventListener.connect(sink.url, { 'last-event-id': id })
      await listener.read(count)
      return listener.events.map(({ id, data }) => `${id} ${data}`)
    }
    expect(await since('', 2)).toEqual(['11 "a"', '12 "b"'])
    sink.write('c', 'd')
    expect(await since('', 3)).toEqual(['12 "b"', '13 "c"', '14 "d"'])
    expect(await since('13', 1)).toEqual(['14 "d"'])
    expect(await since('1', 3)).toHaveLength(3)
    // What comes from before the job had to start anew.
    expect(await since('99', 3)).toHaveLength(3)
    await using current = await EventListener.connect(sink.url, { 'last-event-id': '14' })
    sink.write('e')
    expect(await current.read(1)).toEqual(['"e"'])
  })

  it('ends the connection of a listener that does not keep up, and keeps that of the others', async () => {
    await using sink = await open({ clientBytesMax: 500_000 })
    await using slow = await EventListener.connect(sink.url)
    await using good = await EventListener.connect(sink.url)
    slow.response.pause()
    const count = 150 // Far more than the buffers of the operating system take.
    for (let i = 1; i <= count; i++) {
      sink.write('x'.repeat(100_000))
      await good.read(i)
    }
    slow.response.resume()
    await eventually('the slow one is gone', () => slow.isEnded)
    expect(slow.events.length).toBeLessThan(count)
    expect(good.events).toHaveLength(count)
  })

  it('leaves out what a slow listener cannot take, if it is to stay', async () => {
    await using sink = await open({ clientBytesMax: 500_000, onSlow: 'drop' })
    await using slow = await EventListener.connect(sink.url)
    slow.response.pause()
    for (let i = 0; i < 200; i++) {
      sink.write('x'.repeat(100_000))
      await new Promise(setImmediate)
    }
    slow.response.resume()
    let last = 0
    await eventually('it gets new records', () => {
      sink.write(++last)
      return slow.data.includes(String(last - 1))
    })
    expect(slow.isEnded).toBe(false)
    expect(slow.events.length).toBeLessThan(200)
  })

  it('gives signs of life', async () => {
    await using sink = await open({ heartbeatMs: 5 })
    await using listener = await EventListener.connect(sink.url)
    await eventually('three heartbeats', () => listener.comments >= 4)
    expect(listener.events).toEqual([])
  })

  it('lets in neither foreign pages, nor whom authorize refuses, nor more clients than it may', async () => {
    const authorize = ({ url, headers }: { url: string; headers: Record<string, unknown> }) => {
      if (url.includes('broken')) throw new Error('broken')
      return headers.cookie === 'session=1'
    }
    await using sink = await open({ authorize, clientsMax: 1, origins: ['https://shop.example'] })
    const status = async (path: string, headers: Record<string, string>) => {
      await using listener = await EventListener.connect(`${sink.url}${path}`, headers)
      return listener.response.statusCode
    }
    const cookie = 'session=1'
    expect(await status('', { cookie, origin: 'https://evil.example' })).toBe(403)
    expect(await status('', { cookie, host: 'rebound.example' })).toBe(403)
    expect(await status('', {})).toBe(401)
    expect(await status('?broken', { cookie })).toBe(401)
    expect(await status('other', { cookie })).toBe(404)
    expect((await fetch(sink.url, { method: 'POST' })).status).toBe(405)
    await using only = await EventListener.connect(sink.url, { cookie, origin: 'https://shop.example' })
    expect(only.response.headers['access-control-allow-origin']).toBe('https://shop.example')
    expect(await status('', { cookie })).toBe(503)
    await only[Symbol.asyncDispose]()
    await eventually('the place is free', () => only.isEnded)
    let last = 503
    for (let i = 0; i < 200 && last === 503; i++) last = (await status('', { cookie })) ?? 0
    expect(last).toBe(200)
  })

  it('ends its listeners when it closes, and its port is free again', async () => {
    const sink = await open()
    await using listener = await EventListener.connect(sink.url)
    sink.write('last')
    await Promise.all([sink.partition.close(), sink.partition.close()])
    expect(await listener.read(1)).toEqual(['"last"'])
    await eventually('the listener ends', () => listener.isEnded)
    const port = Number(new URL(sink.url).port)
    await using again = await open({ port })
    expect(new URL(again.url).port).toBe(String(port))
  })

  it('refuses text that is none', async () => {
    await using sink = await open()
    expect(() => sink.write(undefined)).toThrow(expect.objectContaining({ code: 'ERR_RECORD_INVALID' }))
  })

  it.each([
    [{ encode: 'json' }, 'encode: a function'],
    [{ authorize: true }, 'authorize: a function'],
    [{ replayRecords: -1 }, 'replayRecords: a whole number'],
    [{ onSlow: 'wait' }, "onSlow: 'disconnect' or 'drop'"],
    [{ clientsMax: 0 }, 'clientsMax: a whole number'],
    [{ heartbeatMs: 2 ** 31 }, 'heartbeatMs of at most'],
    [{ replay: 1 }, 'no option "replay"'],
  ])('refuses the options %j', (options, message) => {
    const make = () => eventStreamSink({ port: 0, ...options } as LiveSinkOptions<unknown, unknown, unknown>)
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_OPERATOR_ARGUMENT', message: expect.stringContaining(message) }))
  })
})
