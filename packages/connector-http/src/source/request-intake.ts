import type { IncomingMessage, ServerResponse } from 'node:http'
import { messageOf } from '@malstrom/core'
import { foreignness } from '../server/server-options.ts'
import type { HttpRequest, HttpSourceSettings } from './http-source-options.ts'
import { bodyForm, Refusal, valuesOf } from './request-values.ts'

/** What a sender is told. */
export interface Accepted {
  /** How many records were taken; left out if the request came before and nobody knows any more. */
  readonly accepted?: number
  /** Its idempotency key came before. */
  readonly repeated?: true
}

/** Where requests go. */
export interface IntakeTarget<V> {
  /** Why none can be taken now. */
  unready(): Refusal | undefined
  /** What already waits. */
  queuedBytes(): number
  repeated(key: string): Promise<Accepted> | Accepted | undefined
  /** Resolves when the records are as safe as was asked for. Throws a `Refusal`. */
  take(values: readonly V[], timestamp: number, bytes: number, key: string | undefined): Promise<Accepted> | Accepted
}

const KEY_CHARACTERS_MAX = 255
const RETRY_AFTER_S = '1'
const SECRET_HEADERS = ['authorization', 'cookie', 'proxy-authorization']

/** Answers requests: checks them from the cheapest check to the dearest, and reads no body that could not be taken. */
export class RequestIntake<V> {
  readonly #settings: HttpSourceSettings<V>
  readonly #target: IntakeTarget<V>
  /** Bytes of bodies that are being read or are on their way to the disk. */
  #readingBytes = 0
  /** Called when it closes. */
  readonly #aborts = new Set<() => void>()

  constructor(settings: HttpSourceSettings<V>, target: IntakeTarget<V>) {
    this.#settings = settings
    this.#target = target
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    this.#answer(request, response).catch((thrown) => this.#refuse(request, response, thrown))
  }

  /** Ends the requests that are still being read. */
  close(): void {
    for (const abort of this.#aborts) abort()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { server, isAuthorized, bodyBytesMax, clockMs } = this.#settings
    const { pathname, searchParams } = urlOf(request)
    if (pathname !== server.path) throw new Refusal(404, `there is nothing at this path`)
    const { origin } = request.headers
    const foreign = foreignness(server, origin, request.headers.host)
    if (foreign !== undefined) throw new Refusal(403, foreign)
    if (origin !== undefined) {
      response.setHeader('access-control-allow-origin', origin)
      response.setHeader('vary', 'Origin')
      if (request.method === 'OPTIONS') return preflight(response)
    }
    if (request.method !== 'POST') throw new Refusal(405, 'records are POSTed', { allow: 'POST' })
    if (!isAuthorized(request.headers.authorization)) {
      throw new Refusal(401, 'the token is missing or wrong', { 'www-authenticate': 'Bearer' })
    }
    const form = bodyForm(request.headers['content-type'], request.headers['content-encoding'])
    if (Number(request.headers['content-length'] ?? 0) > bodyBytesMax) throw tooLarge(bodyBytesMax)
    const key = keyOf(request)
    // A repeated request changes nothing, so it is answered also while others must wait.
    if (key === undefined || this.#target.repeated(key) === undefined) refuseIf(this.#target.unready())
    const timestamp = clockMs()
    let bytes = 0
    try {
      const body = await this.#read(request, (length) => {
        bytes += length
        this.#readingBytes += length
      })
      const repeated = key === undefined ? undefined : this.#target.repeated(key)
      if (repeated !== undefined) return json(response, 202, await repeated)
      const values = this.#decode(valuesOf(body, form), { headers: openHeaders(request), query: searchParams, timestamp })
      json(response, 202, await this.#target.take(values, timestamp, bytes, key))
    } finally {
      this.#readingBytes -= bytes
    }
  }

  #decode(values: readonly unknown[], request: HttpRequest): V[] {
    const { decode } = this.#settings
    return values.map((value, index) => {
      try {
        return decode(value, request)
      } catch (thrown) {
        throw new Refusal(400, `record ${index + 1}: ${messageOf(thrown)}`)
      }
    })
  }

  #read(request: IncomingMessage, count: (bytes: number) => void): Promise<Uint8Array> {
    const { bodyBytesMax, queuedBytesMax } = this.#settings
    return new Promise((resolve, reject) => {
      const chunks: Uint8Array[] = []
      let length = 0
      const abort = () => end(new Refusal(503, 'the source is closing'))
      const end = (problem: Error | undefined) => {
        this.#aborts.delete(abort)
        request.off('data', onData)
        if (problem === undefined) return resolve(Buffer.concat(chunks))
        reject(problem)
      }
      const onData = (chunk: Uint8Array) => {
        length += chunk.length
        if (length > bodyBytesMax) return end(tooLarge(bodyBytesMax))
        count(chunk.length)
        if (this.#readingBytes + this.#target.queuedBytes() > queuedBytesMax) return end(new Refusal(429, 'the job cannot keep up'))
        chunks.push(chunk)
      }
      this.#aborts.add(abort)
      request.on('data', onData)
      request.once('end', () => end(undefined))
      request.once('close', () => end(new Refusal(400, 'the body broke off')))
    })
  }

  #refuse(request: IncomingMessage, response: ServerResponse, thrown: unknown): void {
    const { status, message, headers } = thrown instanceof Refusal ? thrown : new Refusal(500, 'the request failed')
    if (response.headersSent || response.destroyed) return
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    if (status === 429 || status === 503) response.setHeader('retry-after', RETRY_AFTER_S)
    if (!request.complete) {
      // The rest of the body is of no use. It is dropped, so that the sender reads the answer before the connection ends.
      response.setHeader('connection', 'close')
      request.resume()
    }
    json(response, status, { error: message })
  }
}

function refuseIf(refusal: Refusal | undefined): void {
  if (refusal !== undefined) throw refusal
}

function tooLarge(bodyBytesMax: number): Refusal {
  return new Refusal(413, `a body may have ${bodyBytesMax} bytes`)
}

function keyOf(request: IncomingMessage): string | undefined {
  const key = request.headers['idempotency-key']
  if (key === undefined) return undefined
  if (typeof key === 'string' && key !== '' && key.length <= KEY_CHARACTERS_MAX) return key
  throw new Refusal(400, `an Idempotency-Key has 1 to ${KEY_CHARACTERS_MAX} characters`)
}

function openHeaders({ headers }: IncomingMessage): HttpRequest['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !SECRET_HEADERS.includes(name)))
}

function urlOf(request: IncomingMessage): URL {
  const url = `http://host${request.url ?? '/'}`
  if (!URL.canParse(url)) throw new Refusal(400, 'the address is invalid')
  return new URL(url)
}

function preflight(response: ServerResponse): void {
  response.writeHead(204, {
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers': 'content-type, authorization, idempotency-key',
    'access-control-max-age': '600',
  })
  response.end()
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
