import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { PartitionContext, Sink } from '@malstrom/core'
import { type WebSocket, WebSocketServer } from 'ws'
import { HttpServer } from '../server/http-server.ts'
import { Broadcast, type LiveClient } from './broadcast.ts'
import { type LivePosition, type LiveSinkOptions, liveSettings } from './live-options.ts'
import { LivePartition } from './live-partition.ts'
import { refusal } from './refusal.ts'

/** Clients say nothing that is listened to; what they send is bounded all the same. */
const MESSAGE_BYTES_MAX = 1_024
/** The code of a server that goes away (RFC 6455, 7.4.1). */
const GOING_AWAY = 1001
const CLOSE_WAIT_MS = 1_000

/**
 * Shows records to browsers over WebSocket: `new WebSocket('ws://localhost:8080/')`. Each record is a text message. A client that
 * connects gets the last `replayRecords` first.
 *
 * It shows what happens, and keeps nothing: who does not listen misses it, and after a restart records come again. All records go through one
 * server, on one worker, which begins to listen with the first record.
 *
 * @throws MalstromError `ERR_OPERATOR_ARGUMENT`; while the job runs `ERR_ADDRESS_IN_USE`, `ERR_ADDRESS_INVALID`, `ERR_RECORD_INVALID`
 */
export function webSocketSink<V, K = unknown, T = unknown>(options: LiveSinkOptions<V, K, T>): Sink<V, K, T, string, LivePosition> {
  const settings = liveSettings('webSocketSink', options)
  return {
    async openPartition(partition: string, state: LivePosition | undefined, { operator, worker }: PartitionContext) {
      const broadcast = new Broadcast(settings, state?.sequence ?? 0)
      const sockets = new WebSocketServer({ noServer: true, clientTracking: false, maxPayload: MESSAGE_BYTES_MAX })
      const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
        const status = refusal(settings, broadcast, request)
        if (status !== undefined) refuse(socket, status)
        else sockets.handleUpgrade(request, socket, head, (webSocket) => welcome(webSocket, broadcast))
      }
      const request: Parameters<typeof HttpServer.listen>[1]['request'] = (_request, response) => {
        response.writeHead(426, { upgrade: 'websocket', connection: 'upgrade' })
        response.end()
      }
      try {
        const server = await HttpServer.listen(settings.server, { request, upgrade }, { operator, worker, partition })
        return new LivePartition<V, K, T>(settings, broadcast, server)
      } catch (thrown) {
        broadcast.close()
        throw thrown
      }
    },
  }
}

function refuse(socket: Duplex, status: number): void {
  socket.on('error', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy())
}

function welcome(socket: WebSocket, broadcast: Broadcast): void {
  const client = new WebSocketClient(socket)
  socket.on('error', () => socket.terminate())
  socket.once('close', () => broadcast.leave(client))
  broadcast.join(client, undefined)
}

class WebSocketClient implements LiveClient {
  readonly #socket: WebSocket
  /** It answered the last ping. */
  #isAlive = true

  constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('pong', () => {
      this.#isAlive = true
    })
  }

  get queuedBytes(): number {
    return this.#socket.bufferedAmount
  }

  send(_id: number, text: string): void {
    this.#socket.send(text)
  }

  beat(): boolean {
    if (!this.#isAlive) return false
    this.#isAlive = false
    this.#socket.ping()
    return true
  }

  end(why: 'slow' | 'closing'): void {
    if (why === 'closing') this.#socket.close(GOING_AWAY)
    setTimeout(() => this.#socket.terminate(), why === 'slow' ? 0 : CLOSE_WAIT_MS).unref()
  }
}
