import { messageOf, type SinkPartition } from '@malstrom/core'
import { isRetriable, kafkaError } from '../client/kafka-error.ts'
import type { KafkaPort, UnsealedBatch } from '../client/kafka-port.ts'
import { RecordWriter, type RecordWriterOptions } from './record-writer.ts'
import type { LaneEnvironment } from './staged-lane.ts'

const FIRST_PAUSE_MS = 20
const PAUSE_MS_MAX = 1_000

export interface PlainPartitionOptions<V, K, T> extends Omit<RecordWriterOptions<V, K, T>, 'onBatch'> {
  readonly port: KafkaPort
  /** How much may wait before the worker waits too. */
  readonly bufferBytesMax: number
  readonly retryForMs: number
  readonly environment: Pick<LaneEnvironment, 'clockMs' | 'wait'>
  /** Called once, when it is closed. */
  readonly release: () => Promise<void>
}

/** The batches of one partition of the topic that are on their way, one at a time, so that they cannot overtake each other. */
interface Sending {
  readonly waiting: UnsealedBatch[]
  isBusy: boolean
}

/**
 * Writes records as they come, at least once: a batch is sent again until a broker has said that all
 * in-sync replicas have it. While one is under way the next one fills, so batches are as large as the load is high.
 */
export class PlainPartition<V, K, T> implements SinkPartition<V, K, T, undefined> {
  readonly #options: PlainPartitionOptions<V, K, T>
  readonly #writer: RecordWriter<V, K, T>
  readonly #sendings: Sending[]
  #waitingBytes = 0
  #isScheduled = false
  #failure: unknown
  #idle: (() => void)[] = []
  #isClosed = false

  constructor(options: PlainPartitionOptions<V, K, T>) {
    this.#options = options
    this.#sendings = Array.from({ length: options.partitionCount }, () => ({ waiting: [], isBusy: false }))
    this.#writer = new RecordWriter({ ...options, onBatch: (partition, batch) => this.#enqueue(partition, batch) })
  }

  get saturated(): boolean {
    return this.#waitingBytes >= this.#options.bufferBytesMax
  }

  write(value: V, key: K, timestamp: T): void {
    if (this.#failure !== undefined) throw this.#failure
    const partition = this.#writer.write(value, key, timestamp)
    if (this.#isScheduled || this.#sendings[partition]?.isBusy) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      for (let i = 0; i < this.#sendings.length; i++) if (!this.#sendings[i]?.isBusy) this.#take(i)
    })
  }

  async flush(): Promise<void> {
    this.#attempt(() => this.#writer.takeAll())
    while (this.#failure === undefined && !this.#isClosed && this.#sendings.some(({ isBusy }) => isBusy)) {
      await new Promise<void>((resolve) => this.#idle.push(resolve))
    }
    if (this.#failure !== undefined) throw this.#failure
  }

  snapshot(): undefined {
    return undefined
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#wake()
    await this.#options.release()
  }

  #take(partition: number): void {
    if (!this.#isClosed) this.#attempt(() => this.#writer.take(partition))
  }

  #attempt(action: () => unknown): void {
    try {
      action()
    } catch (thrown) {
      this.#fail(thrown) // A compression that is missing, for example.
    }
  }

  #enqueue(partition: number, batch: UnsealedBatch): void {
    const sending = this.#sendings[partition] as Sending
    sending.waiting.push(batch)
    this.#waitingBytes += batch.bytes.length
    if (!sending.isBusy) void this.#send(partition, sending)
  }

  /** Never rejects. */
  async #send(partition: number, sending: Sending): Promise<void> {
    sending.isBusy = true
    try {
      for (let batch = sending.waiting[0]; batch !== undefined && !this.#isClosed; batch = sending.waiting[0]) {
        await this.#produce(partition, batch)
        sending.waiting.shift()
        this.#waitingBytes -= batch.bytes.length
        if (sending.waiting.length === 0) this.#take(partition)
      }
    } catch (thrown) {
      this.#fail(thrown)
    }
    sending.isBusy = false
    this.#wake()
  }

  async #produce(partition: number, batch: UnsealedBatch): Promise<void> {
    const { port, topic, retryForMs, environment } = this.#options
    const deadlineMs = environment.clockMs() + retryForMs
    for (let attempt = 0; !this.#isClosed; attempt++) {
      let reason: string
      let cause: unknown
      try {
        const answer = await port.produce(topic, partition, batch)
        if (answer.outcome === 'ok') return
        reason = answer.reason ?? answer.outcome
      } catch (thrown) {
        if (!isRetriable(thrown)) throw thrown
        reason = messageOf(thrown)
        cause = thrown
      }
      if (environment.clockMs() >= deadlineMs) {
        const message = `Kafka: records could not be written to ${topic}/${partition} within ${retryForMs} ms: ${reason}`
        throw kafkaError(message, { topic, partition, reason, retriable: true }, cause, 'unknown')
      }
      await environment.wait(Math.min(PAUSE_MS_MAX, FIRST_PAUSE_MS * 2 ** Math.min(attempt, 10)))
    }
  }

  #fail(thrown: unknown): void {
    if (!this.#isClosed) this.#failure ??= thrown
    this.#wake()
  }

  #wake(): void {
    for (const resolve of this.#idle.splice(0)) resolve()
  }
}
