import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { hashKey, type Key, type PartitionContext, type Sink, type SinkPartition, type SnapshotVersion } from '@malstrom/core'
import { isRetriable, kafkaError } from '../client/kafka-error.ts'
import type { KafkaPort } from '../client/kafka-port.ts'
import type { LaneState } from './lane-state.ts'
import type { RecordWriterOptions } from './record-writer.ts'
import { SharedPort } from './shared-port.ts'
import { type LaneEnvironment, StagedLane } from './staged-lane.ts'
import { TransactionalPartition } from './transactional-partition.ts'

export interface TransactionalSinkOptions<V, K, T> extends Omit<RecordWriterOptions<V, K, T>, 'onBatch' | 'partitionCount'> {
  readonly open: () => KafkaPort
  readonly lanes: number
  readonly eager: boolean
  readonly adopt: boolean
  readonly commitTopic: string | undefined
  readonly transactionTimeoutMs: number
  readonly stagedBytesMax: number
  readonly retryForMs: number
}

/** Markers are few and small: keep the last of each lane for ever, and clean up soon. */
const COMMIT_TOPIC_SETTINGS = { 'cleanup.policy': 'compact', 'segment.ms': '3600000', 'min.cleanable.dirty.ratio': '0.01' }

/** Time and chance as they are. */
export const nodeLaneEnvironment: LaneEnvironment = {
  nowMs: () => Date.now(),
  clockMs: () => performance.now(),
  wait: (ms) => sleep(ms),
  newToken: () => randomBytes(16).toString('base64url'),
}

/** The sink with `delivery: 'exactly-once'`. Its partitions are lanes: each is a transactional id, and has the records of its keys. */
export class TransactionalSink<V, K, T> implements Sink<V, K, T, number, LaneState> {
  readonly #options: TransactionalSinkOptions<V, K, T>
  readonly #port: SharedPort
  /** Who has it open: the sink may be shared by workers, and by the starts of a job. */
  readonly #lanes = new Map<StagedLane, PartitionContext>()

  constructor(options: TransactionalSinkOptions<V, K, T>) {
    this.#options = options
    this.#port = new SharedPort(options.open)
  }

  partitionOf(_value: V, key: K): number {
    // Without keys there is only one order to keep, that of everything.
    return key === undefined ? 0 : hashKey(key as Key) % this.#options.lanes
  }

  async openPartition(
    partition: number,
    saved: LaneState | undefined,
    context: PartitionContext,
  ): Promise<SinkPartition<V, K, T, LaneState>> {
    const { job, operator } = context
    const { topic, commitTopic = commitTopicOf(job) } = this.#options
    const port = this.#port.acquire()
    try {
      const partitionCount = (await port.partitions(topic)).length
      await makeCommitTopic(port, commitTopic)
      const lane = new StagedLane({
        ...this.#options,
        port,
        commitTopic,
        lane: JSON.stringify([job, operator, partition]),
        transactionalId: `malstrom/${job}/${operator}/${partition}`,
        environment: nodeLaneEnvironment,
        saved,
      })
      this.#lanes.set(lane, context)
      return new TransactionalPartition({
        ...this.#options,
        lane,
        partitionCount,
        commitAll: (version) => this.#commitAll(context, version),
        release: () => {
          this.#lanes.delete(lane)
          return this.#port.release()
        },
      })
    } catch (thrown) {
      await this.#port.release()
      throw thrown
    }
  }

  /** Starts the commit of every lane that this worker has open in this start of the job. */
  #commitAll({ job, worker, generation }: PartitionContext, version: SnapshotVersion): void {
    for (const [lane, other] of this.#lanes) {
      const isOwn = other.job === job && other.worker === worker && other.generation === generation
      // Who asks for the commit of that lane is told how it went.
      if (isOwn) lane.commit(version).catch(() => {})
    }
  }
}

/** The topic of a job's markers: `malstrom-commits-<job>`, with what topics may not be named like as `_`. */
export function commitTopicOf(job: string): string {
  const longest = 249 // Of any topic's name.
  return `malstrom-commits-${job.replace(/[^\w.-]/g, '_')}`.slice(0, longest)
}

async function makeCommitTopic(port: KafkaPort, topic: string): Promise<void> {
  try {
    await port.createTopic({ topic, partitions: 1, replicas: -1, config: COMMIT_TOPIC_SETTINGS })
  } catch (thrown) {
    if (isRetriable(thrown) || (await exists(port, topic))) return // The first commit waits for it.
    const settings = Object.entries(COMMIT_TOPIC_SETTINGS).map(([name, value]) => `${name}=${value}`)
    const advice = `Create it with one partition and ${settings.join(', ')}, or name another one with commitTopic.`
    throw kafkaError(
      `Kafka: the topic "${topic}", which exactly-once needs, could not be made. ${advice}`,
      { topic, retriable: false },
      thrown,
    )
  }
}

async function exists(port: KafkaPort, topic: string): Promise<boolean> {
  try {
    return (await port.partitions(topic)).length > 0
  } catch {
    return false // Then what was in the way of making it counts.
  }
}
