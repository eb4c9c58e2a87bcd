import type { ErrorContext, SinkPartition } from '@malstrom/core'
import { redisError } from '../client/redis-error.ts'
import type { RedisArgument, RedisCommand, RedisPort } from '../client/redis-port.ts'
import { CommandWriter } from './command-writer.ts'

export interface CommandPartitionOptions<V, K, T> {
  readonly port: RedisPort
  readonly server: string
  readonly task: string
  readonly context: ErrorContext
  readonly bufferBytesMax: number
  /** What a record becomes. */
  partsOf(value: V, key: K, timestamp: T): readonly RedisArgument[]
  /** The commands for records that go out together. */
  commandsOf(records: readonly (readonly RedisArgument[])[]): readonly RedisCommand[]
}

/** Sends commands for records. After a restart those since the snapshot are sent again. */
export class CommandPartition<V, K, T> implements SinkPartition<V, K, T, undefined> {
  readonly #options: CommandPartitionOptions<V, K, T>
  readonly #writer: CommandWriter

  constructor(options: CommandPartitionOptions<V, K, T>) {
    this.#options = options
    this.#writer = new CommandWriter(options)
  }

  get saturated(): boolean {
    return this.#writer.saturated
  }

  write(value: V, key: K, timestamp: T): void {
    const record = this.#options.partsOf(value, key, timestamp)
    try {
      this.#writer.push(record)
    } catch (thrown) {
      throw this.#explained(thrown)
    }
  }

  async flush(): Promise<void> {
    try {
      await this.#writer.flush()
    } catch (thrown) {
      throw this.#explained(thrown)
    }
  }

  snapshot(): undefined {
    return undefined
  }

  close(): void {
    this.#writer.stop()
    this.#options.port.close()
  }

  #explained(thrown: unknown): unknown {
    const { server, task, context } = this.#options
    return redisError(server, task, thrown, context, 'unknown')
  }
}
