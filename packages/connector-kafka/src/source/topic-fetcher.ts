import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '@malstrom/core'
import { adviceOn, isLeaderMoved, isPassing } from '../client/broker-error.ts'
import { isRetriable, kafkaError } from '../client/kafka-error.ts'
import type { FetchedPartition, KafkaPort } from '../client/kafka-port.ts'
import { FetchedRecords } from '../record-batch/fetched-records.ts'
import { OutageWarning } from './outage-warning.ts'
import type { PartitionBuffer, PartitionMove } from './partition-buffer.ts'
import { WakeUp } from './wake-up.ts'

export interface TopicFetcherOptions {
  readonly isolation: 'committed' | 'uncommitted'
  /** What all partitions together may hold. */
  readonly bufferBytesMax: number
  /** Where to go on with a partition whose next offset is gone; or it rejects. */
  readonly offsetLost: (buffer: PartitionBuffer) => Promise<PartitionMove>
}

/** How long the broker holds a request while there is nothing new; a partition that is added waits as long at most. */
const WAIT_MS = 250
/** The same once nothing has come for a while: a request costs a millisecond of CPU. */
const SILENT_WAIT_MS = 1_000
/** After so many empty answers in a row. */
const SILENT_ANSWERS = 8
/** The same while a full partition is left out of the request, and may soon have room. */
const SHORT_WAIT_MS = 10
const PARTITION_BYTES_MAX = 2 * 1024 * 1024
const PARTITION_BYTES_MIN = 64 * 1024
/** Of one answer, as in Kafka's own consumer. */
const ANSWER_BYTES_MAX = 50 * 1024 * 1024
const FIRST_PAUSE_MS = 50
const PAUSE_MAX_MS = 1_000
/** A topic that is gone may be unknown to a broker that has just started; after this it is gone. */
const MISSING_TOPIC_MS = 30_000

/** The loop of one broker. */
interface FetchLoop {
  readonly wakeUp: WakeUp
  /** In a row. */
  emptyAnswers: number
}

/**
 * Fetches for all partitions that a worker has open: one request at a time to each broker, the next one
 * as soon as there is room, so that records are at hand while the job computes. Goes on by itself when
 * brokers go away, come back or hand over.
 */
export class TopicFetcher {
  readonly #port: KafkaPort
  readonly #options: TopicFetcherOptions
  readonly #buffers = new Set<PartitionBuffer>()
  readonly #nodes = new Map<number, FetchLoop>()
  readonly #closing = new AbortController()
  readonly #outage = new OutageWarning()
  #isFinding = false

  constructor(port: KafkaPort, options: TopicFetcherOptions) {
    this.#port = port
    this.#options = options
  }

  add(buffer: PartitionBuffer): void {
    this.#buffers.add(buffer)
    void this.#findLeaders()
  }

  remove(buffer: PartitionBuffer): void {
    this.#buffers.delete(buffer)
    this.wake()
  }

  /** There may be room again. */
  wake(): void {
    for (const { wakeUp } of this.#nodes.values()) wakeUp.wake()
  }

  close(): void {
    this.#closing.abort()
    this.#buffers.clear()
    this.#outage.end()
    this.wake()
  }

  /** One node, for as long as it leads something. Never rejects. */
  async #run(node: number): Promise<void> {
    const loop: FetchLoop = { wakeUp: new WakeUp(), emptyAnswers: 0 }
    this.#nodes.set(node, loop)
    for (;;) {
      const led = [...this.#buffers].filter(({ leader }) => leader === node)
      if (led.length === 0) break
      const wanted = led.filter((buffer) => this.#hasRoom(buffer))
      if (wanted.length === 0) {
        await loop.wakeUp.wait()
        continue
      }
      const waitMs = led.length > wanted.length ? SHORT_WAIT_MS : loop.emptyAnswers < SILENT_ANSWERS ? WAIT_MS : SILENT_WAIT_MS
      const wasEmpty = await this.#fetch(node, wanted, waitMs)
      loop.emptyAnswers = wasEmpty && waitMs !== SHORT_WAIT_MS ? loop.emptyAnswers + 1 : 0
    }
    this.#nodes.delete(node)
  }

  /** Whether the broker answered that there is nothing. */
  async #fetch(node: number, buffers: readonly PartitionBuffer[], maxWaitMs: number): Promise<boolean> {
    let isEmpty = false
    const maxBytes = this.#askBytes
    const wanted = buffers.map(({ topic, partition, fetchOffset: offset }) => ({ topic, partition, offset, maxBytes }))
    try {
      const answer = await this.#port.fetch(node, wanted, { maxWaitMs, maxBytes: ANSWER_BYTES_MAX, isolation: this.#options.isolation })
      this.#outage.end()
      isEmpty = answer.every(({ error, batches }) => error === undefined && batches.length === 0)
      const byName = new Map(buffers.map((buffer) => [buffer.name, buffer]))
      for (const fetched of answer) {
        const buffer = byName.get(`${fetched.topic}/${fetched.partition}`)
        if (buffer !== undefined && this.#buffers.has(buffer)) await this.#take(buffer, fetched)
      }
    } catch (thrown) {
      if (this.#closing.signal.aborted) return false
      for (const buffer of buffers) {
        if (isRetriable(thrown)) this.#lead(buffer, undefined)
        else this.#fail(buffer, thrown)
      }
      if (isRetriable(thrown)) this.#outage.note(messageOf(thrown))
    }
    void this.#findLeaders()
    return isEmpty
  }

  async #take(buffer: PartitionBuffer, fetched: FetchedPartition): Promise<void> {
    const { error, batches } = fetched
    try {
      if (error === 'OFFSET_OUT_OF_RANGE') {
        buffer.move(await this.#options.offsetLost(buffer))
      } else if (error !== undefined) {
        if (!isPassing(error)) throw refusal(buffer, error)
        this.#lead(buffer, undefined)
        if (!isLeaderMoved(error)) this.#outage.note(refusal(buffer, error).message)
      } else {
        buffer.failures = 0
        if (batches.length === 0) return
        const records = new FetchedRecords({ ...fetched, batches: ownMemory(batches) }, buffer.fetchOffset)
        if (records.end === buffer.fetchOffset) return
        buffer.push(records)
        // To the end of the next request: only the first partitions of an answer are sure to get something.
        this.#buffers.delete(buffer)
        this.#buffers.add(buffer)
      }
    } catch (thrown) {
      if (isRetriable(thrown)) this.#lead(buffer, undefined)
      else this.#fail(buffer, thrown)
    }
  }

  /** Until every partition has a leader again. Never rejects. */
  async #findLeaders(): Promise<void> {
    if (this.#isFinding) return
    this.#isFinding = true
    const missingSince = new Map<string, number>()
    for (;;) {
      const lost = [...this.#buffers].filter(({ leader }) => leader === undefined)
      if (lost.length === 0 || this.#closing.signal.aborted) break
      const failures = Math.max(...lost.map((buffer) => buffer.failures))
      if (failures > 0) await this.#pause(Math.min(PAUSE_MAX_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 10)))
      for (const topic of new Set(lost.map((buffer) => buffer.topic))) {
        await this.#findLeadersOf(
          topic,
          lost.filter((buffer) => buffer.topic === topic && this.#buffers.has(buffer)),
          missingSince,
        )
      }
    }
    this.#isFinding = false
  }

  async #findLeadersOf(topic: string, lost: readonly PartitionBuffer[], missingSince: Map<string, number>): Promise<void> {
    // Counted until a fetch succeeds, so that a broker that is wrong about itself is not asked without a pause.
    for (const buffer of lost) buffer.failures++
    try {
      const partitions = await this.#port.partitions(topic)
      missingSince.delete(topic)
      for (const buffer of lost) {
        const leader = partitions.find(({ partition }) => partition === buffer.partition)?.leader ?? -1
        if (leader >= 0 && this.#buffers.has(buffer)) this.#lead(buffer, leader)
      }
    } catch (thrown) {
      if (this.#closing.signal.aborted) return
      const isMissing = (thrown as { context?: { reason?: unknown } }).context?.reason === 'UNKNOWN_TOPIC_OR_PARTITION'
      const since = missingSince.get(topic) ?? Date.now()
      if (isMissing) missingSince.set(topic, since)
      if (isRetriable(thrown) || (isMissing && Date.now() - since < MISSING_TOPIC_MS)) this.#outage.note(messageOf(thrown))
      else for (const buffer of lost) this.#fail(buffer, thrown)
    }
  }

  #lead(buffer: PartitionBuffer, leader: number | undefined): void {
    buffer.leader = leader
    if (leader === undefined) return
    const running = this.#nodes.get(leader)
    if (running === undefined) {
      void this.#run(leader)
      return
    }
    running.emptyAnswers = 0
    running.wakeUp.wake()
  }

  #fail(buffer: PartitionBuffer, failure: unknown): void {
    this.#buffers.delete(buffer)
    buffer.fail(failure)
  }

  /** Half of the share of a partition, so that one half is read while the other is fetched. */
  get #askBytes(): number {
    const shareBytes = this.#options.bufferBytesMax / Math.max(1, this.#buffers.size)
    return Math.max(PARTITION_BYTES_MIN, Math.min(PARTITION_BYTES_MAX, Math.floor(shareBytes / 2)))
  }

  #hasRoom(buffer: PartitionBuffer): boolean {
    const shareBytes = this.#options.bufferBytesMax / Math.max(1, this.#buffers.size)
    return buffer.bytes === 0 || buffer.bytes + this.#askBytes <= shareBytes
  }

  async #pause(pauseMs: number): Promise<void> {
    await sleep(pauseMs, undefined, { signal: this.#closing.signal }).catch(() => undefined)
  }
}

function refusal({ topic, partition }: PartitionBuffer, reason: string) {
  return kafkaError(`Kafka: ${topic}/${partition} cannot be read (${reason}). ${adviceOn(reason)}`, {
    topic,
    reason,
    retriable: isPassing(reason),
  })
}

/** A few records must not keep the whole answer in memory, or the piece of the socket they came in. */
function ownMemory(batches: Uint8Array): Uint8Array {
  return batches.length * 2 < batches.buffer.byteLength ? Buffer.from(batches) : batches
}
