import { MalstromError, numberTime, type Source, type SourceContext, type SourcePartition } from '@malstrom/core'
import { kafkaError } from '../client/kafka-error.ts'
import type { KafkaPort } from '../client/kafka-port.ts'
import type { SourceSettings } from './check-source-options.ts'
import { GroupReport } from './group-report.ts'
import type { KafkaPosition } from './kafka-source-options.ts'
import { PartitionBuffer, type PartitionMove } from './partition-buffer.ts'
import { startOffset } from './start-position.ts'
import { TopicFetcher } from './topic-fetcher.ts'
import { TopicPartitionReader } from './topic-partition-reader.ts'

/** What the open partitions of a worker share. */
interface Reading {
  readonly port: KafkaPort
  readonly fetcher: TopicFetcher
  readonly report: GroupReport | undefined
  users: number
}

/** The partitions of topics. Connects when the first partition is opened, and disconnects when the last one is closed. */
export class TopicSource<V> implements Source<V, number, string, KafkaPosition> {
  readonly time = numberTime
  readonly discoveryMs: number
  readonly #settings: SourceSettings<V>
  readonly #openPort: () => KafkaPort
  #reading: Reading | undefined

  constructor(settings: SourceSettings<V>, openPort: () => KafkaPort) {
    this.#settings = settings
    this.discoveryMs = settings.stop === 'never' ? settings.discoveryMs : Number.POSITIVE_INFINITY
    this.#openPort = openPort
  }

  async listPartitions(): Promise<readonly string[]> {
    const reading = this.#acquire()
    try {
      const topics = this.#settings.topics.map(async (topic) => {
        const partitions = await reading.port.partitions(topic)
        return partitions.map(({ partition }) => `${topic}/${partition}`)
      })
      return (await Promise.all(topics)).flat()
    } finally {
      await this.#release(reading)
    }
  }

  async openPartition(
    name: string,
    state: KafkaPosition | undefined,
    context: SourceContext,
  ): Promise<SourcePartition<V, number, KafkaPosition>> {
    const reading = this.#acquire()
    try {
      const { topic, partition } = placeOf(name)
      const position = state ?? (await this.#start(reading.port, topic, partition, context.discovered === true))
      if (state !== undefined) await mustExist(reading.port, topic, partition)
      const buffer = new PartitionBuffer(topic, partition, position.offset, () => reading.fetcher.wake())
      reading.fetcher.add(buffer)
      return new TopicPartitionReader({
        settings: this.#settings,
        buffer,
        position,
        context: { ...context, partition: name },
        committed: (offset) => reading.report?.commit({ topic, partition, offset }),
        close: async () => {
          reading.fetcher.remove(buffer)
          await this.#release(reading)
        },
      })
    } catch (thrown) {
      await this.#release(reading)
      throw thrown
    }
  }

  async #start(port: KafkaPort, topic: string, partition: number, discovered: boolean): Promise<KafkaPosition> {
    await mustExist(port, topic, partition)
    const latest = this.#settings.isolation === 'committed' ? 'stable' : 'latest'
    const start = discovered && this.#settings.start === 'latest' ? 'earliest' : this.#settings.start
    const offset = await startOffset(port, { topic, partition, start, latest })
    if (this.#settings.stop === 'never') return { offset }
    return { offset, end: (await port.offsets(topic, [partition], latest)).get(partition) ?? offset }
  }

  #acquire(): Reading {
    const reading = this.#reading ?? this.#connect()
    this.#reading = reading
    reading.users++
    return reading
  }

  async #release(reading: Reading): Promise<void> {
    if (--reading.users > 0) return
    if (this.#reading === reading) this.#reading = undefined
    reading.fetcher.close()
    await reading.report?.close()
    await reading.port.close()
  }

  #connect(): Reading {
    const port = this.#openPort()
    const { isolation, bufferBytesMax, group } = this.#settings
    const offsetLost = (buffer: PartitionBuffer) => this.#offsetLost(port, buffer)
    return {
      port,
      fetcher: new TopicFetcher(port, { isolation, bufferBytesMax, offsetLost }),
      report: group === undefined ? undefined : new GroupReport(port, group),
      users: 0,
    }
  }

  async #offsetLost(port: KafkaPort, { topic, partition, fetchOffset }: PartitionBuffer): Promise<PartitionMove> {
    const offsets = async (at: 'earliest' | 'latest') => (await port.offsets(topic, [partition], at)).get(partition) ?? 0
    const [oldest, end] = [await offsets('earliest'), await offsets('latest')]
    if (this.#settings.onOffsetLost === 'earliest') return { offset: oldest, end }
    const what =
      fetchOffset > end
        ? `ends at ${end}, before offset ${fetchOffset}: the topic was made anew, or its newest records were lost`
        : `begins at ${oldest}: offset ${fetchOffset} is gone, deleted by retention`
    throw new MalstromError(
      'ERR_KAFKA_OFFSET_LOST',
      `Kafka: ${topic}/${partition} ${what}. Set onOffsetLost: 'earliest' to go on at ${oldest}, or start without the saved state.`,
      { context: { partition: `${topic}/${partition}` } },
    )
  }
}

function placeOf(name: string): { topic: string; partition: number } {
  const slash = name.lastIndexOf('/')
  return { topic: name.slice(0, slash), partition: Number(name.slice(slash + 1)) }
}

async function mustExist(port: KafkaPort, topic: string, partition: number): Promise<void> {
  const partitions = await port.partitions(topic)
  if (partitions.some((known) => known.partition === partition)) return
  const problem = `Kafka: ${topic}/${partition} is gone: the topic has ${partitions.length} partitions. It was deleted and made anew; start the job without its saved state.`
  throw kafkaError(problem, { topic, reason: 'UNKNOWN_TOPIC_OR_PARTITION', retriable: false })
}
