import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { get as httpsGet, request as httpsRequest, type RequestOptions } from 'node:https'
import { describe, expect, it } from 'vitest'
import { selfSignedCertificate } from '../fixture/certificate.ts'
import { EventListener, SocketListener } from '../fixture/listeners.ts'
import { OpenLiveSink } from '../fixture/open-live-sink.ts'
import { OpenSource, within } from '../fixture/open-source.ts'
import { eventStreamSink } from '../live/event-stream-sink.ts'
import { webSocketSink } from '../live/web-socket-sink.ts'
import { httpSource } from '../source/http-source.ts'

const tls = selfSignedCertificate()
const other = selfSignedCertificate()
const secure = (url: string) => url.replace('http:', 'https:')

/** The status of the answer, or what kept it from coming. */
async function post(url: string, options: RequestOptions): Promise<number | string> {
  const send = url.startsWith('https:') ? httpsRequest : httpRequest
  const request = send(url, { method: 'POST', headers: { 'content-type': 'application/json' }, agent: false, ...options })
  request.end('{"a":1}')
  const answered = once(request, 'response').then(
    ([response]) => (response as IncomingMessage).resume().statusCode ?? 0,
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  )
  return await within(answered, 'answer')
}

describe('servers with a certificate', () => {
  it('take records over HTTPS, from clients that trust it, and nothing over HTTP', async () => {
    await using source = await OpenSource.open({ tls })
    expect(await post(secure(source.url), { ca: tls.cert })).toBe(202)
    expect(await source.readTo(1)).toEqual([{ a: 1 }])
    expect(await post(secure(source.url), { ca: other.cert })).toMatch(/SELF_SIGNED|UNABLE_TO|DEPTH_ZERO/)
    expect(await post(source.url, {})).toMatch(/ECONNRESET|HPE_|hang up/)
  })

  it('ask for a certificate of the client if they are to', async () => {
    await using source = await OpenSource.open({ tls: { ...tls, ca: other.cert, requestCert: true, rejectUnauthorized: true } })
    expect(await post(secure(source.url), { ca: tls.cert, ...pick(other) })).toBe(202)
    expect(await post(secure(source.url), { ca: tls.cert })).not.toBe(202)
    expect(await post(secure(source.url), { ca: tls.cert, ...pick(tls) })).not.toBe(202)
  })

  it('show events', async () => {
    await using sink = await OpenLiveSink.open(eventStreamSink, { tls, replayRecords: 1 })
    sink.write({ a: 1 })
    const request = httpsGet(secure(sink.url), { ca: tls.cert, agent: false })
    await using listener = await EventListener.of(request)
    expect(await listener.read(1)).toEqual(['{"a":1}'])
  })

  it('show records over WebSocket', async () => {
    await using sink = await OpenLiveSink.open(webSocketSink, { tls, replayRecords: 1 })
    sink.write('x')
    await using listener = await SocketListener.connect(secure(sink.url).replace('https:', 'wss:'), { ca: tls.cert })
    expect(await listener.read(1)).toEqual(['"x"'])
  })

  it.each<[options: object, problem: RegExp]>([
    [{ tls: { cert: tls.cert } }, /needs tls with key and cert, or with pfx/],
    [{ tls: { ...tls, key: 'secret text' } }, /a key and a certificate that can be read and belong together/],
    [{ tls: { cert: tls.cert, key: other.key } }, /belong together/],
    [{ tls: true }, /the options of node:https/],
  ])('are refused before the job runs if the certificate cannot be used: %#', (options, problem) => {
    const make = () => httpSource({ port: 0, decode: String, ...options })
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_OPERATOR_ARGUMENT', message: expect.stringMatching(problem) }))
    expect(make).not.toThrow(/secret text|PRIVATE/)
  })
})

function pick({ key, cert }: typeof tls) {
  return { key, cert }
}
