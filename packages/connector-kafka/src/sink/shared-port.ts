import type { KafkaPort } from '../client/kafka-port.ts'

/** One connection for all partitions of a sink on a worker, open while at least one of them is. */
export class SharedPort {
  readonly #open: () => KafkaPort
  #port: KafkaPort | undefined
  #users = 0

  constructor(open: () => KafkaPort) {
    this.#open = open
  }

  acquire(): KafkaPort {
    this.#port ??= this.#open()
    this.#users++
    return this.#port
  }

  /** To be called once for each `acquire`. */
  async release(): Promise<void> {
    if (--this.#users > 0) return
    const port = this.#port
    this.#port = undefined
    await port?.close()
  }
}
