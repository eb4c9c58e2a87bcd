import type { Writable } from 'node:stream'
import { inspect } from 'node:util'
import type { PartitionContext, Sink, SinkPartition } from '@malstrom/core'
import { ConsolePartition } from './console-partition.ts'

export interface ConsoleOptions<V = unknown, K = unknown, T = unknown> {
  /** The line of a record, without a line end. @default `{ key: NoKey, value: 'LOOK', timestamp: 0 }` */
  readonly format?: (value: V, key: K, timestamp: T) => string
  /** Colours in the default format. @default false */
  readonly colors?: boolean
  /** @default process.stdout */
  readonly stream?: Writable
}

/**
 * Prints one line per record, for looking at a stream.
 *
 * Lines go out at the end of the turn in which they were written, in the order of each worker. While
 * the reader of the output is slow, the job waits. A reader that goes away, as in `| head -1`, is
 * `ERR_SINK_FAILED`. At-least-once: a restart prints again what came after the snapshot.
 */
export function toConsole<V, K, T>(options: ConsoleOptions<V, K, T> = {}): Sink<V, K, T, 'all', undefined> {
  return new ConsoleSink(options)
}

class ConsoleSink<V, K, T> implements Sink<V, K, T, 'all', undefined> {
  readonly #options: ConsoleOptions<V, K, T>

  constructor(options: ConsoleOptions<V, K, T>) {
    this.#options = options
  }

  openPartition(_partition: 'all', _state: undefined, { operator, worker }: PartitionContext): SinkPartition<V, K, T, undefined> {
    const { stream = process.stdout, colors = false, format = recordLine(colors) } = this.#options
    return new ConsolePartition(stream, format, { operator, worker })
  }
}

/** Everything there is to see of a record, on one line. */
function recordLine(colors: boolean): (value: unknown, key: unknown, timestamp: unknown) => string {
  const show = (shown: unknown) => {
    const text = inspect(shown, {
      breakLength: Number.POSITIVE_INFINITY,
      compact: true,
      depth: null,
      maxArrayLength: null,
      maxStringLength: null,
      colors,
    })
    return text.includes('\n') ? text.replaceAll(/\s*\n\s*/g, ' ') : text
  }
  return (value, key, timestamp) =>
    `{ key: ${key === undefined ? 'NoKey' : show(key)}, value: ${show(value)}, timestamp: ${show(timestamp)} }`
}
