import { type ErrorContext, hashString, MalstromError, numberTime, type PartitionContext, type Source } from '@malstrom/core'
import { persist } from '../client/persist.ts'
import { redisError } from '../client/redis-error.ts'
import type { RedisConnector, RedisPort } from '../client/redis-port.ts'
import { DeadLetters } from './dead-letters.ts'
import { EntryDecoder } from './entry-decoder.ts'
import type { EntryFeed } from './entry-feed.ts'
import { FIRST_ID } from './entry-id.ts'
import { consumerNames } from './group-names.ts'
import { openGroupFeed } from './open-group-feed.ts'
import { optionalShards } from './optional-shards.ts'
import type { RedisPosition, StreamPosition } from './position.ts'
import { PositionFeed } from './position-feed.ts'
import { type RedisSourceOptions, type RedisStart, startOf } from './redis-source-options.ts'
import { streamInfoOf } from './stream-info.ts'
import { StreamReader } from './stream-reader.ts'
import { StreamsPartition } from './streams-partition.ts'

const BATCH_RECORDS = 1_000
const DISCOVERY_MS = 5_000

/** What all streams of a partition share. */
interface Opening {
  readonly commands: RedisPort
  readonly partition: PartitionContext
  readonly context: ErrorContext
  /** Opens one more connection, which is closed with the partition. */
  connect(): Promise<RedisPort>
}

/** The streams of one `redisSource`. */
export class StreamsSource<V> implements Source<V, number, string, RedisPosition> {
  readonly time = numberTime
  readonly #connector: RedisConnector
  readonly #options: RedisSourceOptions<V, never>

  constructor(connector: RedisConnector, options: RedisSourceOptions<V, never>) {
    this.#connector = connector
    this.#options = options
  }

  listPartitions(): readonly string[] {
    const { stream, shards } = this.#options
    if (shards === undefined || shards.optional === true) return typeof stream === 'string' ? [stream] : stream
    return Array.from({ length: shards.partitions ?? 1 }, (_, index) => `${String(stream)}:*/${index}`)
  }

  async openPartition(name: string, state: RedisPosition | undefined, partition: PartitionContext): Promise<StreamsPartition<V>> {
    const { shards, start = 'earliest' } = this.#options
    const context = { operator: partition.operator, worker: partition.worker, partition: name }
    if (state !== undefined) this.#checkShards(name, state)
    const ports: RedisPort[] = []
    let isClosed = false
    const connect = async () => {
      const port = await this.#connector.connect()
      ports.push(port)
      if (isClosed) port.close()
      return port
    }
    const opening: Opening = { commands: await connect(), partition, context, connect }
    const saved = new Map(state?.streams.map((position) => [position.stream, position]))
    let isFirst = state === undefined
    return await StreamsPartition.open<V>({
      discoveryMs: shards === undefined ? undefined : (shards.discoveryMs ?? DISCOVERY_MS),
      discover: async (known, wake) => {
        const readers = new Map<string, StreamReader<V>>()
        const streams = new Set([...saved.keys(), ...(await this.#streamsOf(name, opening.commands))])
        for (const stream of streams) {
          if (known.has(stream)) continue
          // A shard that comes up later has nothing that was there before.
          const feed = await this.#openFeed(stream, saved.get(stream), isFirst ? start : 'earliest', opening)
          readers.set(stream, new StreamReader(feed, this.#decoderOf(stream, opening), wake))
        }
        isFirst = false
        return readers
      },
      explain: (thrown) => redisError(this.#connector.name, `read ${name}`, thrown, context),
      close: () => {
        isClosed = true
        for (const port of ports) port.close()
      },
    })
  }

  /** The streams that belong to a partition now. */
  async #streamsOf(name: string, port: RedisPort): Promise<readonly string[]> {
    const { stream, shards } = this.#options
    if (shards === undefined) return [name]
    if (shards.optional === true) return await optionalShards(port, name)
    const prefix = `${String(stream)}:`
    const keys = await persist(port, () => port.scanStreams(`${prefix.replace(/[\\*?[\]^]/g, '\\$&')}*`))
    return keys.filter((key) => /^\d+$/.test(key.slice(prefix.length)) && this.#partitionOf(key) === name).sort()
  }

  /** The partition of a shard. */
  #partitionOf(shard: string): string {
    const { stream, shards } = this.#options
    return `${String(stream)}:*/${hashString(shard) % (shards?.partitions ?? 1)}`
  }

  /** With another number of partitions a shard would be read by two of them. */
  #checkShards(name: string, { streams }: RedisPosition): void {
    const { shards } = this.#options
    if (shards === undefined || shards.optional === true) return
    const other = streams.find(({ stream }) => this.#partitionOf(stream) !== name)
    if (other === undefined) return
    throw new MalstromError(
      'ERR_OPERATOR_ARGUMENT',
      `redisSource: "${other.stream}" was read by partition ${name}, and now belongs to ${this.#partitionOf(other.stream)}. Give shards.partitions the number it had, or start the job without its saved state.`,
      { context: { partition: name } },
    )
  }

  #decoderOf(stream: string, { commands, context }: Opening): EntryDecoder<V> {
    const { decode, onUndecodable = 'fail' } = this.#options
    const policy = typeof onUndecodable === 'object' ? new DeadLetters(commands, stream, onUndecodable.deadLetter) : onUndecodable
    return new EntryDecoder(stream, decode, policy, context)
  }

  async #openFeed(stream: string, saved: StreamPosition | undefined, start: RedisStart, opening: Opening): Promise<EntryFeed> {
    const { bytes = false, batchRecords = BATCH_RECORDS, onPositionLost = 'fail', group } = this.#options
    const { commands, partition, connect } = opening
    const port = await connect()
    const reading = { stream, port, commands, bytes, batchRecords, onPositionLost }
    if (group !== undefined) {
      const names = consumerNames(group.consumer, partition)
      return await openGroupFeed({ ...reading, group, names, saved, after: startOf(start) ?? '$' })
    }
    return new PositionFeed({ ...reading, start: saved ?? (await tail(stream, start, port)) })
  }
}

/** Where reading begins. The end is looked up once: a stream that is quiet now must not lose what comes before it is asked again. */
async function tail(stream: string, start: RedisStart, port: RedisPort): Promise<Pick<StreamPosition, 'id' | 'count'>> {
  const after = startOf(start)
  if (after !== undefined && after !== FIRST_ID) return { id: after, count: undefined }
  const info = await persist(port, async () => streamInfoOf(await answerTo(port, stream)))
  return after === undefined ? { id: info.lastId, count: info.added } : { id: FIRST_ID, count: (info.added ?? 0) - info.length }
}

async function answerTo(port: RedisPort, stream: string): Promise<unknown> {
  const [answer] = await port.pipeline([['xinfo', 'stream', stream]])
  return answer
}
