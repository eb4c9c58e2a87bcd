import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '@malstrom/core'
import type { KafkaPort, TopicOffset } from '../client/kafka-port.ts'

const CLOSE_MS = 1_000

/** Tells a consumer group how far the job is. Only for those who watch: a failure is a warning, once for each reason. */
export class GroupReport {
  readonly #port: KafkaPort
  readonly #group: string
  readonly #warn: (message: string) => void
  #waiting = new Map<string, TopicOffset>()
  #sending: Promise<void> | undefined
  #warned = ''

  constructor(port: KafkaPort, group: string, warn = (message: string) => process.emitWarning(message, { code: 'ERR_KAFKA' })) {
    this.#port = port
    this.#group = group
    this.#warn = warn
  }

  /** Those of all partitions that come together are sent together. */
  commit(offset: TopicOffset): void {
    this.#waiting.set(`${offset.topic}/${offset.partition}`, offset)
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined
    })
  }

  /** Resolves when all is sent, or failed, or that takes too long for something that nobody depends on. */
  async close(): Promise<void> {
    const patience = new AbortController()
    const waited = sleep(CLOSE_MS, undefined, { signal: patience.signal, ref: false }).catch(() => undefined)
    await Promise.race([this.#sending, waited])
    patience.abort()
  }

  async #send(): Promise<void> {
    while (this.#waiting.size > 0) {
      // The snapshot is announced to one partition after the other.
      await Promise.resolve()
      const offsets = [...this.#waiting.values()]
      this.#waiting = new Map()
      try {
        await this.#port.commitGroup(this.#group, offsets)
      } catch (thrown) {
        const message = messageOf(thrown)
        if (message !== this.#warned) this.#warn(`${message} The job goes on; only its lag is not shown.`)
        this.#warned = message
      }
    }
  }
}
