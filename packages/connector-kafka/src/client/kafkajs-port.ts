import type { MalstromError } from '@malstrom/core'
import { adviceOn, errorName, isCoordinatorMoved, isLeaderMoved, isPassing } from './broker-error.ts'
import { Brokers } from './brokers.ts'
import { isRetriable, kafkaError } from './kafka-error.ts'
import type {
  FetchedPartition,
  FetchOptions,
  KafkaPort,
  NewTopic,
  OffsetQuestion,
  TopicOffset,
  TopicPartition,
  TransactionLane,
  UnsealedBatch,
  WantedPartition,
  WriteAnswer,
} from './kafka-port.ts'
import type { KafkajsInternals } from './kafkajs-internals.ts'
import { LaneRequests } from './lane-requests.ts'
import { retrying } from './retrying.ts'
import { SequencedLane } from './sequenced-lane.ts'
import { offsetCommitRequest, offsetFetchRequest } from './wire/coordinator.ts'
import { createTopicRequest } from './wire/create-topic.ts'
import { fetchRequest } from './wire/fetch.ts'
import { listOffsetsRequest } from './wire/list-offsets.ts'
import { produceRequest } from './wire/produce.ts'
import type { WireRequest } from './wire/wire-request.ts'

export interface KafkajsPortOptions {
  readonly seedCount: number
  readonly requestTimeoutMs: number
}

/** For how long a question is asked again while a leader moves or a broker is away. */
const PATIENCE_MS = 10_000

/** Our own requests over the connections of kafkajs. */
export class KafkajsPort implements KafkaPort {
  readonly #brokers: Brokers
  readonly #requestTimeoutMs: number
  readonly #leaders = new Map<string, number>()
  readonly #closing = new AbortController()

  constructor(internals: KafkajsInternals, { seedCount, requestTimeoutMs }: KafkajsPortOptions) {
    this.#brokers = new Brokers(internals, seedCount)
    this.#requestTimeoutMs = requestTimeoutMs
  }

  partitions(topic: string): Promise<readonly TopicPartition[]> {
    return this.#patiently(() => this.#partitionsNow(topic))
  }

  offsets(topic: string, partitions: readonly number[], at: OffsetQuestion): Promise<ReadonlyMap<number, number>> {
    if (partitions.length === 0) return Promise.resolve(new Map())
    return this.#patiently(() => this.#offsetsNow(topic, partitions, at))
  }

  async fetch(node: number, wanted: readonly WantedPartition[], options: FetchOptions): Promise<readonly FetchedPartition[]> {
    const { error, partitions } = await this.#brokers.send(node, fetchRequest(wanted, options), 'fetches')
    if (error !== 0) throw refusal(error, `broker ${node} gives no records`)
    return partitions
  }

  async produce(topic: string, partition: number, batch: UnsealedBatch): Promise<WriteAnswer<'ok' | 'failed' | 'unknown'>> {
    let error: number
    try {
      const node = await this.leader(topic, partition)
      const timeoutMs = this.#requestTimeoutMs
      error = await this.#brokers.send(node, produceRequest({ topic, partition, batch, timeoutMs, transaction: undefined }))
    } catch (thrown) {
      if (!isRetriable(thrown)) throw thrown
      const { outcome, message } = thrown as MalstromError
      this.forgetLeader(topic, partition)
      return { outcome, reason: message }
    }
    if (error === 0) return { outcome: 'ok' }
    const reason = errorName(error)
    if (!isPassing(reason)) throw refusal(error, `a batch for ${topic}/${partition} was not accepted`, topic)
    this.forgetLeader(topic, partition)
    return { outcome: isLeaderMoved(reason) || reason === 'NOT_ENOUGH_REPLICAS' ? 'failed' : 'unknown', reason }
  }

  lane(transactionalId: string, timeoutMs: number): TransactionLane {
    const requests = new LaneRequests(this.#brokers, this, transactionalId, this.#requestTimeoutMs)
    return new SequencedLane(requests, { transactionalId, timeoutMs, patienceMs: this.#requestTimeoutMs, signal: this.#closing.signal })
  }

  commitGroup(group: string, offsets: readonly TopicOffset[]): Promise<void> {
    return this.#patiently(async () => {
      const error = await this.#askCoordinator(group, offsetCommitRequest(group, offsets))
      if (error !== 0) throw refusal(error, `the offsets of group "${group}" were not stored`)
    })
  }

  groupOffsets(group: string, topic: string): Promise<ReadonlyMap<number, number>> {
    return this.#patiently(async () => {
      const partitions = (await this.#partitionsNow(topic)).map(({ partition }) => partition)
      const answer = await this.#askCoordinator(group, offsetFetchRequest(group, topic, partitions))
      const error = answer.partitions.find((one) => one.error !== 0)?.error ?? answer.error
      if (error !== 0) throw refusal(error, `the offsets of group "${group}" cannot be read`, topic)
      return new Map(answer.partitions.filter(({ offset }) => offset >= 0).map(({ partition, offset }) => [partition, offset]))
    })
  }

  createTopic(topic: NewTopic): Promise<'created' | 'exists'> {
    return this.#patiently(async () => {
      const { controllerId } = await this.#brokers.metadata([])
      const { error, reason } = await this.#brokers.send(controllerId, createTopicRequest(topic, this.#requestTimeoutMs))
      if (error === 0) return 'created'
      if (errorName(error) === 'TOPIC_ALREADY_EXISTS') return 'exists'
      throw refusal(error, `topic "${topic.topic}" was not created${reason === '' ? '' : `: ${reason}`}`, topic.topic)
    })
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#brokers.close()
  }

  /** Who leads it, as far as is known; asks if nothing is. */
  async leader(topic: string, partition: number): Promise<number> {
    const known = this.#leaders.get(`${topic}/${partition}`)
    if (known !== undefined) return known
    const partitions = await this.#partitionsNow(topic)
    const leader = partitions.find((one) => one.partition === partition)?.leader ?? -1
    if (leader >= 0) return leader
    throw refusal(5, `${topic}/${partition} has no leader`, topic)
  }

  /** What was known proved wrong. */
  forgetLeader(topic: string, partition: number): void {
    this.#leaders.delete(`${topic}/${partition}`)
  }

  async #partitionsNow(topic: string): Promise<readonly TopicPartition[]> {
    const { topics } = await this.#brokers.metadata([topic])
    const answer = topics.find((one) => one.topic === topic)
    if (answer === undefined || answer.error !== 0) throw this.#noTopic(topic, answer?.error ?? 3)
    for (const { partition, leader, error } of answer.partitions) {
      if (leader >= 0 && error === 0) this.#leaders.set(`${topic}/${partition}`, leader)
      else this.forgetLeader(topic, partition)
    }
    return answer.partitions
      .map(({ partition, leader, error }) => ({ partition, leader: error === 0 ? leader : -1 }))
      .sort((a, b) => a.partition - b.partition)
  }

  async #offsetsNow(topic: string, partitions: readonly number[], at: OffsetQuestion): Promise<ReadonlyMap<number, number>> {
    const byLeader = new Map<number, number[]>()
    for (const partition of partitions) {
      const leader = await this.leader(topic, partition)
      byLeader.set(leader, [...(byLeader.get(leader) ?? []), partition])
    }
    const asked = [...byLeader].map(async ([leader, theirs]) => {
      try {
        return await this.#brokers.send(leader, listOffsetsRequest(topic, theirs, at))
      } catch (thrown) {
        // It may be down, and others lead by now.
        for (const partition of theirs) this.forgetLeader(topic, partition)
        throw thrown
      }
    })
    const offsets = new Map<number, number>()
    for (const { partition, error, offset } of (await Promise.all(asked)).flat()) {
      if (error !== 0) {
        this.forgetLeader(topic, partition)
        throw refusal(error, `the offsets of ${topic}/${partition} cannot be read`, topic)
      }
      offsets.set(partition, offset)
    }
    // There is nothing at or after the timestamp, so what comes next is the answer.
    const none = [...offsets].filter(([, offset]) => offset < 0).map(([partition]) => partition)
    if (none.length > 0 && typeof at === 'object') {
      for (const [partition, offset] of await this.#offsetsNow(topic, none, 'latest')) offsets.set(partition, offset)
    }
    return offsets
  }

  async #askCoordinator<A>(group: string, request: WireRequest<A>): Promise<A> {
    return await this.#brokers.send(await this.#brokers.coordinator(group, 'group'), request)
  }

  /** A topic that was just made is unknown for a moment, but to a user a missing one is an error, and soon. */
  #noTopic(topic: string, error: number): MalstromError {
    const reason = errorName(error)
    const problem = reason === 'UNKNOWN_TOPIC_OR_PARTITION' ? `there is no topic "${topic}"` : `topic "${topic}" cannot be used (${reason})`
    const retriable = isPassing(reason) && reason !== 'UNKNOWN_TOPIC_OR_PARTITION'
    return kafkaError(`Kafka: ${problem}. ${adviceOn(reason)}`, { topic, reason, retriable })
  }

  #patiently<T>(attempt: () => Promise<T>): Promise<T> {
    return retrying(Math.min(PATIENCE_MS, this.#requestTimeoutMs), this.#closing.signal, attempt)
  }
}

/** What a broker answered, with what can be done about it. */
export function refusal(error: number, what: string, topic?: string): MalstromError {
  const reason = errorName(error)
  const retriable = isPassing(reason) || isCoordinatorMoved(reason)
  return kafkaError(`Kafka: ${what} (${reason}). ${adviceOn(reason)}`, { ...(topic === undefined ? {} : { topic }), reason, retriable })
}
