import type { PartitionContext, Sink, SinkPartition } from '@malstrom/core'
import type { KafkaPort } from '../client/kafka-port.ts'
import { PlainPartition, type PlainPartitionOptions } from './plain-partition.ts'
import { SharedPort } from './shared-port.ts'
import { nodeLaneEnvironment } from './transactional-sink.ts'

export interface PlainSinkOptions<V, K, T>
  extends Omit<PlainPartitionOptions<V, K, T>, 'port' | 'partitionCount' | 'environment' | 'release'> {
  readonly open: () => KafkaPort
}

/** The sink with `delivery: 'at-least-once'`. Every worker writes its own records. */
export class PlainSink<V, K, T> implements Sink<V, K, T, string, undefined> {
  readonly stateless = true
  readonly #options: PlainSinkOptions<V, K, T>
  readonly #port: SharedPort

  constructor(options: PlainSinkOptions<V, K, T>) {
    this.#options = options
    this.#port = new SharedPort(options.open)
  }

  async openPartition(_partition: string, _state: undefined, _context: PartitionContext): Promise<SinkPartition<V, K, T, undefined>> {
    const port = this.#port.acquire()
    try {
      const partitionCount = (await port.partitions(this.#options.topic)).length
      const environment = nodeLaneEnvironment
      return new PlainPartition({ ...this.#options, port, partitionCount, environment, release: () => this.#port.release() })
    } catch (thrown) {
      await this.#port.release()
      throw thrown
    }
  }
}
