import type { IncomingMessage, ServerResponse } from 'node:http'
import type { PartitionContext, Sink } from '@malstrom/core'
import { HttpServer } from '../server/http-server.ts'
import { Broadcast, type LiveClient } from './broadcast.ts'
import { type LivePosition, type LiveSettings, type LiveSinkOptions, liveSettings } from './live-options.ts'
import { LivePartition } from './live-partition.ts'
import { refusal } from './refusal.ts'

/**
 * Shows records to browsers as server-sent events (WHATWG HTML, 9.2): `new EventSource('http://localhost:8080/')`. Each record is an event with its number
 * as id; a browser that connects again says which one it had last, and gets what came since as far as `replayRecords` reaches.
 *
 * It shows what happens, and keeps nothing: who does not listen misses it, and after a restart records come again under the ids they had. All records go through one
 * server, on one worker, which begins to listen with the first record.
 *
 * @throws MalstromError `ERR_OPERATOR_ARGUMENT`; while the job runs `ERR_ADDRESS_IN_USE`, `ERR_ADDRESS_INVALID`, `ERR_RECORD_INVALID`
 */
export function eventStreamSink<V, K = unknown, T = unknown>(options: LiveSinkOptions<V, K, T>): Sink<V, K, T, string, LivePosition> {
  const settings = liveSettings('eventStreamSink', options)
  return {
    async openPartition(partition: string, state: LivePosition | undefined, { operator, worker }: PartitionContext) {
      const broadcast = new Broadcast(settings, state?.sequence ?? 0)
      const handlers = { request: (request: IncomingMessage, response: ServerResponse) => answer(settings, broadcast, request, response) }
      try {
        const server = await HttpServer.listen(settings.server, handlers, { operator, worker, partition })
        return new LivePartition<V, K, T>(settings, broadcast, server)
      } catch (thrown) {
        broadcast.close()
        throw thrown
      }
    },
  }
}

function answer<V, K, T>(settings: LiveSettings<V, K, T>, broadcast: Broadcast, request: IncomingMessage, response: ServerResponse): void {
  const { origin } = request.headers
  const status = refusal(settings, broadcast, request)
  if (status !== undefined) {
    response.writeHead(status, status === 405 ? { allow: 'GET' } : {})
    response.end()
    return
  }
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    ...(origin === undefined ? {} : { 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true', vary: 'Origin' }),
  })
  response.write(': connected\n\n')
  const client = new EventStreamClient(response)
  response.once('close', () => broadcast.leave(client))
  broadcast.join(client, lastEventId(request))
}

function lastEventId(request: IncomingMessage): number | undefined {
  const id = request.headers['last-event-id']
  return typeof id === 'string' && /^\d{1,15}$/.test(id) ? Number(id) : undefined
}

class EventStreamClient implements LiveClient {
  readonly #response: ServerResponse

  constructor(response: ServerResponse) {
    this.#response = response
  }

  get queuedBytes(): number {
    return this.#response.writableLength
  }

  send(id: number, text: string): void {
    // A line break in the text would end its line: each line of it is a line of data.
    this.#response.write(`id: ${id}\ndata: ${/[\r\n]/.test(text) ? text.split(/\r\n|\r|\n/).join('\ndata: ') : text}\n\n`)
  }

  /** What it writes finds out whether the connection is still there. */
  beat(): boolean {
    if (this.queuedBytes === 0) this.#response.write(': alive\n\n')
    return true
  }

  end(why: 'slow' | 'closing'): void {
    if (why === 'slow') this.#response.destroy()
    else this.#response.end()
  }
}
