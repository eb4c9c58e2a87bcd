import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type ErrorContext, MalstromError, messageOf } from '@malstrom/core'
import type { ServerSettings } from './server-options.ts'

/** How often connections are looked at that take too long. */
const TIMEOUT_CHECK_MS = 1_000
/** How long requests that are being answered may take when it closes. */
const CLOSE_WAIT_MS = 2_000
/** A port may still be held by a process that is ending: the predecessor of this one. */
const PORT_ATTEMPTS = 20
const PORT_PAUSE_MS = 100

export interface RequestHandlers {
  request(request: IncomingMessage, response: ServerResponse): void
  upgrade?(request: IncomingMessage, socket: Duplex, head: Buffer): void
}

/** A server that listens; what it answers is up to the handlers. */
export class HttpServer {
  readonly #server: Server
  readonly #answering = new Set<ServerResponse>()
  #closed: Promise<void> | undefined

  private constructor(server: Server) {
    this.#server = server
  }

  /** Resolves when it listens. `ERR_ADDRESS_IN_USE` if another program does, `ERR_ADDRESS_INVALID` if nobody can. */
  static async listen(settings: ServerSettings, handlers: RequestHandlers, context: ErrorContext): Promise<HttpServer> {
    const server = serverOf(settings)
    const http = new HttpServer(server)
    server.on('request', (request, response) => {
      http.#answering.add(response)
      response.once('close', () => http.#answering.delete(response))
      handlers.request(request, response)
    })
    const { upgrade } = handlers
    if (upgrade !== undefined) server.on('upgrade', (request, socket, head) => upgrade(request, socket, head))
    await bind(server, settings, context)
    const { address, port } = server.address() as AddressInfo
    settings.onListening?.({ host: address, port })
    return http
  }

  /** Takes no connection more, lets what is being answered end, and closes the rest. A second call waits for the first. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeIdleConnections()
    if (this.#answering.size > 0) await this.#answered()
    this.#server.closeAllConnections()
    await closed
  }

  #answered(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, CLOSE_WAIT_MS)
      let left = this.#answering.size
      for (const response of this.#answering) {
        response.once('close', () => {
          if (--left > 0) return
          clearTimeout(timer)
          resolve()
        })
      }
    })
  }
}

function serverOf({ tls, limits }: ServerSettings): Server {
  const { connectionsMax, headerBytesMax, headersTimeoutMs, requestTimeoutMs, idleTimeoutMs } = limits
  const options: ServerOptions = {
    maxHeaderSize: headerBytesMax,
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: idleTimeoutMs,
    connectionsCheckingInterval: Math.min(TIMEOUT_CHECK_MS, headersTimeoutMs, idleTimeoutMs),
  }
  const server = tls === undefined ? createServer(options) : createTlsServer({ handshakeTimeout: headersTimeoutMs, ...tls, ...options })
  server.maxConnections = connectionsMax
  return server
}

async function bind(server: Server, settings: ServerSettings, context: ErrorContext): Promise<void> {
  const { owner, host, port } = settings
  for (let attempt = 1; ; attempt++) {
    try {
      await listen(server, host, port)
      return
    } catch (thrown) {
      const code = (thrown as NodeJS.ErrnoException).code
      if (code === 'EADDRINUSE' && attempt < PORT_ATTEMPTS) {
        await new Promise((resolve) => setTimeout(resolve, PORT_PAUSE_MS))
        continue
      }
      const where = `${owner} cannot listen on ${host}:${port}`
      const problem =
        code === 'EADDRINUSE'
          ? new MalstromError('ERR_ADDRESS_IN_USE', `${where}: another program does. End it, or choose another port.`, { context })
          : new MalstromError('ERR_ADDRESS_INVALID', `${where}: ${reasonOf(code, thrown)}`, { context, cause: thrown })
      throw problem
    }
  }
}

function reasonOf(code: string | undefined, thrown: unknown): string {
  if (code === 'EACCES') return 'ports below 1024 need a right that this user lacks (EACCES). Choose a higher port.'
  if (code === 'EADDRNOTAVAIL') return 'it is no address of this machine (EADDRNOTAVAIL). Use 127.0.0.1, or 0.0.0.0 for all addresses.'
  if (code === 'ENOTFOUND') return 'there is no such host (ENOTFOUND). Use an address of this machine.'
  return `${messageOf(thrown)}. Check host and port.`
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const settled = (error?: Error) => {
      server.off('error', settled)
      server.off('listening', settled)
      if (error === undefined) resolve()
      else reject(error)
    }
    server.once('error', settled)
    server.once('listening', settled)
    server.listen({ host: host.replace(/^\[(.*)\]$/, '$1'), port, exclusive: true })
  })
}
