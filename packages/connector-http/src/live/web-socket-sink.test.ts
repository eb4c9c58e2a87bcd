import { describe, expect, it } from 'vitest'
import { SocketListener } from '../fixture/listeners.ts'
import { OpenLiveSink } from '../fixture/open-live-sink.ts'
import { within } from '../fixture/open-source.ts'
import type { LivePosition, LiveSinkOptions } from './live-options.ts'
import { webSocketSink } from './web-socket-sink.ts'

const open = (options: Partial<LiveSinkOptions<unknown, undefined, number>> = {}, state?: LivePosition) =>
  OpenLiveSink.open(webSocketSink, options, state)

describe('a sink of web sockets', () => {
  it('sends every listener each record, and to new ones the last', async () => {
    await using sink = await open({ replayRecords: 2, path: '/live' })
    await using first = await SocketListener.connect(sink.url)
    sink.write({ a: 1 }, 'two', 3)
    expect(await first.read(3)).toEqual(['{"a":1}', '"two"', '3'])
    await using second = await SocketListener.connect(`${sink.url}?x=1`)
    sink.write(4)
    expect(await second.read(3)).toEqual(['"two"', '3', '4'])
    expect(sink.partition.snapshot(1)).toEqual({ sequence: 4 })
  })

  it('lets in neither foreign pages, nor whom authorize refuses, nor more clients than it may', async () => {
    await using sink = await open({ authorize: ({ headers }) => headers.cookie === 'session=1', clientsMax: 1 })
    const headers = { cookie: 'session=1' }
    expect(await SocketListener.refusal(sink.url, { headers, origin: 'https://evil.example' })).toBe(403)
    expect(await SocketListener.refusal(sink.url, { headers: { ...headers, host: 'rebound.example' } })).toBe(403)
    expect(await SocketListener.refusal(sink.url)).toBe(401)
    expect(await SocketListener.refusal(`${sink.url}other`, { headers })).toBe(404)
    await using _only = await SocketListener.connect(sink.url, { headers, origin: 'http://localhost:5173' })
    expect(await SocketListener.refusal(sink.url, { headers })).toBe(503)
    expect((await fetch(sink.url)).status).toBe(426)
  })

  it('ends the connection of a listener that does not keep up', async () => {
    await using sink = await open({ clientBytesMax: 500_000 })
    await using slow = await SocketListener.connect(sink.url)
    await using good = await SocketListener.connect(sink.url)
    slow.socket.pause()
    const count = 150 // Far more than the buffers of the operating system take.
    for (let i = 1; i <= count; i++) {
      sink.write('x'.repeat(100_000))
      await good.read(i)
    }
    slow.socket.resume()
    expect(await within(slow.closed, 'end of the slow one')).toBe(1006)
    expect(slow.messages.length).toBeLessThan(count)
    expect(good.messages).toHaveLength(count)
  })

  it('notices listeners that are gone, and leaves alone those that answer', async () => {
    await using sink = await open({ heartbeatMs: 700 })
    await using dead = await SocketListener.connect(sink.url, { autoPong: false })
    await using alive = await SocketListener.connect(sink.url)
    expect(await within(dead.closed, 'end of the dead one')).toBe(1006)
    sink.write('still here')
    expect(await alive.read(1)).toEqual(['"still here"'])
  })

  it('ends the connection of who sends more than it may', async () => {
    await using sink = await open()
    await using loud = await SocketListener.connect(sink.url)
    loud.socket.send('hello')
    loud.socket.send('x'.repeat(2_000))
    expect(await within(loud.closed, 'end of the loud one')).toBeGreaterThan(1000)
  })

  it('says that it goes away when it closes, and does not wait for those who do not listen', async () => {
    const sink = await open()
    await using listener = await SocketListener.connect(sink.url)
    await using deaf = await SocketListener.connect(sink.url)
    deaf.socket.pause()
    sink.write('last')
    await within(Promise.all([sink.partition.close(), sink.partition.close()]), 'end')
    expect(await within(listener.closed, 'end of the listener')).toBe(1001)
    expect(listener.messages).toEqual(['"last"'])
  })
})
