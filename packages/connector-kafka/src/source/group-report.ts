import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '@malstrom/core'
import type { KafkaPort, TopicOffset } from '../client/kafka-port.ts'

/** How long the last offsets may take when a job ends. */
const CLOSE_MS = 5_000

/** Tells a consumer group how far the job is. Only for those who watch: a failure is a warning, once for each reason. */
export class GroupReport {
  readonly #port: Pick<KafkaPort, 'commitGroup'>
  readonly #group: string
  readonly #warn: (message: string) => void
  readonly #closeMs: number
  #waiting = new Map<string, TopicOffset>()
  #sending: Promise<void> | undefined
  #warned = ''

  constructor(
    port: Pick<KafkaPort, 'commitGroup'>,
    group: string,
    warn = (message: string) => process.emitWarning(message, { code: 'ERR_KAFKA' }),
    closeMs = CLOSE_MS,
  ) {
    this.#port = port
    this.#group = group
    this.#warn = warn
    this.#closeMs = closeMs
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
    const late = sleep(this.#closeMs, 'late', { signal: patience.signal }).catch(() => undefined)
    const how = await Promise.race([this.#sending, late])
    patience.abort()
    if (how !== 'late') return
    this.#warn(
      `Kafka: the last offsets of group "${this.#group}" were not stored within ${this.#closeMs} ms. Nothing depends on them but its lag.`,
    )
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
