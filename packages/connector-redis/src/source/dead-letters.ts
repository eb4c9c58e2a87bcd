import { ask } from '../client/persist.ts'
import type { RedisArgument, RedisPort } from '../client/redis-port.ts'
import type { EntryId } from './entry-id.ts'

/** Writes entries that nobody can process to another stream, with where they come from and why; at least once. */
export class DeadLetters {
  readonly #port: RedisPort
  readonly #stream: string
  readonly #target: string

  constructor(port: RedisPort, stream: string, target: string) {
    this.#port = port
    this.#stream = stream
    this.#target = target
  }

  async add(id: EntryId, fields: readonly RedisArgument[], reason: string): Promise<void> {
    const origin = ['malstrom-stream', this.#stream, 'malstrom-id', id, 'malstrom-reason', reason]
    await ask(this.#port, ['xadd', this.#target, '*', ...fields, ...origin])
  }
}
