import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { selfSignedCertificate } from '../fixture/certificate.ts'
import { EventListener, SocketListener } from '../fixture/listeners.ts'
import { OpenLiveSink } from '../fixture/open-live-sink.ts'
import { OpenSource, within } from '../fixture/open-source.ts'
import { eventStreamSink } from '../live/event-stream-sink.ts'
import { webSocketSink } from '../live/web-socket-sink.ts'
import { httpSource } from '../source/http-source.ts'
import type { ServerLimits } from './server-options.ts'

const HEAD = 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'

/** A client that says what it likes. */
class RawClient implements Disposable {
  readonly socket: Socket
  /** What was answered until the server has closed the connection. */
  readonly answer: Promise<string>

  private constructor(socket: Socket) {
    this.socket = socket
    let text = ''
    socket.on('data', (chunk) => {
      text += String(chunk)
    })
    socket.on('error', () => {}) // The server may end it while something is sent.
    this.answer = once(socket, 'close').then(() => text)
  }

  static async to(url: string): Promise<RawClient> {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    await within(once(socket, 'connect'), 'connection')
    return new RawClient(socket)
  }

  async closed(): Promise<string> {
    return await within(this.answer, 'end of the connection')
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}

const open = (limits: ServerLimits) => OpenSource.open({ limits })

describe('the limits of a server', () => {
  it('are answered 431 if headers are too large', async () => {
    await using source = await open({ headerBytesMax: 2_000 })
    using client = await RawClient.to(source.url)
    client.socket.write(`${HEAD}X-Large: ${'x'.repeat(2_000)}\r\n\r\n`)
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 431 /)
    expect(await source.post(1, { 'x-small': 'x'.repeat(1_000) })).toMatchObject({ status: 202 })
  })

  it('end connections on which nothing comes, not all headers, or not all of the body', async () => {
    await using source = await open({ headersTimeoutMs: 100, requestTimeoutMs: 200 })
    for (const sent of ['', HEAD, `${HEAD}Content-Length: 10\r\n\r\n"abc`]) {
      using client = await RawClient.to(source.url)
      client.socket.write(sent)
      expect(await client.closed()).toMatch(/^HTTP\/1\.1 408 /)
    }
    expect(await source.post(1)).toMatchObject({ status: 202 })
    expect(await source.readTo(1)).toEqual([1])
  })

  it('close connections that are idle after an answer', async () => {
    await using source = await open({ idleTimeoutMs: 50 })
    using client = await RawClient.to(source.url)
    client.socket.write(`${HEAD}Content-Length: 1\r\n\r\n1`)
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 202 /)
  })

  it('close connections beyond the most there may be, and take others when those have gone', async () => {
    await using source = await open({ connectionsMax: 2 })
    const held = [await RawClient.to(source.url), await RawClient.to(source.url)]
    using third = await RawClient.to(source.url)
    expect(await third.closed()).toBe('')
    for (const client of held) {
      client.socket.end()
      await client.closed()
    }
    expect(await source.post(1)).toMatchObject({ status: 202 })
  })

  it('leave alone whoever listens', async () => {
    const limits = { headersTimeoutMs: 100, requestTimeoutMs: 100, idleTimeoutMs: 100 }
    await using events = await OpenLiveSink.open(eventStreamSink, { limits })
    await using sockets = await OpenLiveSink.open(webSocketSink, { limits })
    await using eventListener = await EventListener.connect(events.url)
    await using socketListener = await SocketListener.connect(sockets.url)
    await sleep(500) // Five times as long as anything may take.
    events.write('x')
    sockets.write('x')
    expect(await eventListener.read(1)).toEqual(['"x"'])
    expect(await socketListener.read(1)).toEqual(['"x"'])
  })

  it('hold for the handshake of TLS too', async () => {
    const tls = selfSignedCertificate()
    await using source = await OpenSource.open({ tls, limits: { headersTimeoutMs: 100 } })
    using silent = await RawClient.to(source.url)
    expect(await silent.closed()).toBe('')
    const half = connectTls({ port: Number(new URL(source.url).port), host: '127.0.0.1', ca: tls.cert })
    half.on('error', () => {})
    await within(once(half, 'secureConnect'), 'connection')
    half.write(HEAD)
    half.resume()
    await within(once(half, 'close'), 'end of the connection')
  })

  it.each<[limits: object, message: string]>([
    [{ connectionsMax: 0 }, 'limits.connectionsMax: a whole number above 0'],
    [{ headerBytesMax: 1.5 }, 'limits.headerBytesMax: a whole number'],
    [{ idleTimeoutMs: 2 ** 31 }, 'times of at most 2147483647 ms'],
    [{ headersTimeoutMs: 100_000 }, 'a limits.headersTimeoutMs of at most requestTimeoutMs'],
    [{ connections: 5 }, 'no option "connections"'],
  ])('make sense: %j', (limits, message) => {
    const make = () => httpSource({ port: 0, decode: String, limits: limits as ServerLimits })
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_OPERATOR_ARGUMENT', message: expect.stringContaining(message) }))
  })
})
