import type { SinkPartition } from '@malstrom/core'
import type { HttpServer } from '../server/http-server.ts'
import type { Broadcast } from './broadcast.ts'
import { type LivePosition, type LiveSettings, textOf } from './live-options.ts'

/** Records go to whoever listens; nothing waits for anybody, so it is never saturated. */
export class LivePartition<V, K, T> implements SinkPartition<V, K, T, LivePosition> {
  readonly saturated = false
  readonly #settings: LiveSettings<V, K, T>
  readonly #broadcast: Broadcast
  readonly #server: HttpServer

  constructor(settings: LiveSettings<V, K, T>, broadcast: Broadcast, server: HttpServer) {
    this.#settings = settings
    this.#broadcast = broadcast
    this.#server = server
  }

  write(value: V, key: K, timestamp: T): void {
    this.#broadcast.send(textOf(this.#settings, value, key, timestamp))
  }

  async flush(): Promise<void> {}

  snapshot(): LivePosition {
    return { sequence: this.#broadcast.sequence }
  }

  async close(): Promise<void> {
    this.#broadcast.close()
    await this.#server.close()
  }
}
