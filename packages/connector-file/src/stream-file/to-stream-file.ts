import { constants } from 'node:fs'
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { type ErrorContext, MalstromError, type PartitionContext, type Sink, type SinkPartition } from '@malstrom/core'
import { checkByteBound, checkPaths } from '../check-options.ts'
import { fileError } from '../file-error.ts'
import { AppendedFile } from '../sink/appended-file.ts'
import { ChunkWriter } from '../sink/chunk-writer.ts'
import { FILE_BUFFER_BYTES_MAX } from '../sink/file-partition.ts'
import { beginFile, checkExisting, type ExistingFile, openAt } from '../sink/file-sink.ts'
import {
  checkStreamKey,
  inStream,
  isStreamKey,
  type NewStreamMessage,
  type StreamKeyOptions,
  type StreamMessage,
  U64_MAX,
} from '../stream/stream-message.ts'
import { encodeHeader, headerOf, INTERNAL_KEY } from './format.ts'
import { MESSAGE_BYTES_MAX } from './stream-file-decoder.ts'
import { noStreams, StreamFileEncoder, type WrittenStreams } from './stream-file-encoder.ts'
import { scanStreamFile } from './verify-stream-file.ts'

export interface ToStreamFileOptions extends StreamKeyOptions {
  /** Write after what the file holds, instead of the mark of its end if there is one. @default false */
  readonly append?: boolean
  /** Replace a file that exists; otherwise it is refused with `ERR_FILE`. @default false */
  readonly overwrite?: boolean
  /** How far beacons, which let readers jump, are apart: a multiple of 1024 bytes. A file that exists keeps its own. @default 1 MiB */
  readonly beaconIntervalBytes?: number
  /** A file does not grow over this; a message that would make it is `ERR_FILE`. @default 16 GiB */
  readonly maxFileBytes?: number
  /** The most bytes the payload of a message may have. More is `ERR_RECORD_TOO_LARGE`. @default 16 MiB */
  readonly maxMessageBytes?: number
}

/**
 * Writes messages to a stream file in the format of SeaStreamer (`.ss`, version 1), which its readers and `streamFile` read.
 *
 * A message without a sequence gets the next one of its stream and shard, from 1. A snapshot holds the length of the file;
 * a restart cuts the file to that length and goes on, as `toFile` does, so in the end it has every message once. The
 * mark of the end is written by `endStreamFile`.
 */
export function toStreamFile<K, T>(path: string, options: ToStreamFileOptions = {}): Sink<NewStreamMessage, K, T, string, WrittenStreams> {
  checkPaths(OWNER, path)
  checkExisting(OWNER, options)
  const beaconIntervalBytes = checkByteBound(OWNER, 'beaconIntervalBytes', options.beaconIntervalBytes ?? BEACON_INTERVAL_BYTES)
  if (beaconIntervalBytes % 1024 !== 0 || beaconIntervalBytes > U32_MAX)
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${OWNER}: beaconIntervalBytes is ${beaconIntervalBytes}. Give a multiple of 1024.`)
  return new StreamFileSink(path, options, {
    key: options.key === undefined ? undefined : checkStreamKey(OWNER, options.key),
    beaconIntervalBytes,
    maxFileBytes: checkByteBound(OWNER, 'maxFileBytes', options.maxFileBytes ?? FILE_BYTES_MAX),
    maxMessageBytes: checkByteBound(OWNER, 'maxMessageBytes', options.maxMessageBytes ?? MESSAGE_BYTES_MAX),
  })
}

const OWNER = 'toStreamFile'
/** Which sink of this thread writes to a file: two that count bytes and sequences for themselves would write over each other. */
const writers = new Map<string, string>()
const BEACON_INTERVAL_BYTES = 1024 * 1024
const FILE_BYTES_MAX = 16 * 1024 ** 3
const U32_MAX = 2 ** 32 - 1

interface StreamFileSettings {
  readonly key: string | undefined
  readonly beaconIntervalBytes: number
  readonly maxFileBytes: number
  readonly maxMessageBytes: number
}

class StreamFileSink<K, T> implements Sink<NewStreamMessage, K, T, string, WrittenStreams> {
  readonly #path: string
  readonly #existing: ExistingFile
  readonly #settings: StreamFileSettings

  constructor(path: string, existing: ExistingFile, settings: StreamFileSettings) {
    this.#path = path
    this.#existing = existing
    this.#settings = settings
  }

  partitionOf(): string {
    return this.#path
  }

  async openPartition(
    path: string,
    state: WrittenStreams | undefined,
    { job, operator, worker, generation }: PartitionContext,
  ): Promise<SinkPartition<NewStreamMessage, K, T, WrittenStreams>> {
    const context = { operator, worker, partition: path }
    let handle: FileHandle | undefined
    const [place, writer] = [resolve(path), `${job} ${operator}`]
    try {
      if ((writers.get(place) ?? writer) !== writer)
        throw new Error('another sink of this thread writes to it. Unite the streams before one sink, or name another file')
      writers.set(place, writer)
      await mkdir(dirname(path), { recursive: true })
      handle = await (state === undefined ? this.#begin(path, generation) : openAt(path, state.length))
      const written = state ?? (await this.#writtenIn(path, handle))
      return new StreamFileSinkPartition(path, handle, written, this.#settings, context)
    } catch (thrown) {
      await handle?.close()
      if (writers.get(place) === writer) writers.delete(place)
      throw fileError('written', path, thrown, context)
    }
  }

  async #begin(path: string, generation: number): Promise<FileHandle> {
    return this.#existing.append === true
      ? await open(path, constants.O_RDWR | constants.O_CREAT)
      : await beginFile(path, this.#existing, generation)
  }

  /** What is in a file that is written on; an empty one gets its header. */
  async #writtenIn(path: string, handle: FileHandle): Promise<WrittenStreams> {
    const { beaconIntervalBytes, maxMessageBytes } = this.#settings
    if ((await handle.stat()).size === 0) {
      await handle.write(encodeHeader(headerOf(path, Date.now(), beaconIntervalBytes)), 0, undefined, 0)
      return noStreams(beaconIntervalBytes)
    }
    const { report, written } = await scanStreamFile(path, maxMessageBytes)
    if (written === undefined || report.problem !== undefined)
      throw new MalstromError(
        'ERR_FILE',
        `The stream file "${path}" cannot be written on: ${report.problem} Repair it before, with repairStreamFile (malstrom stream-file repair).`,
      )
    await handle.truncate(written.length)
    return written
  }
}

class StreamFileSinkPartition<K, T> implements SinkPartition<NewStreamMessage, K, T, WrittenStreams> {
  readonly #path: string
  readonly #settings: StreamFileSettings
  readonly #context: ErrorContext
  readonly #encoder: StreamFileEncoder
  readonly #file: AppendedFile
  readonly #writer: ChunkWriter<Buffer>

  constructor(path: string, handle: FileHandle, written: WrittenStreams, settings: StreamFileSettings, context: ErrorContext) {
    this.#path = path
    this.#settings = settings
    this.#context = context
    this.#encoder = new StreamFileEncoder(written)
    this.#file = new AppendedFile(path, handle, written.length, context)
    this.#writer = new ChunkWriter<Buffer>(
      (chunk) => this.#file.append(chunk),
      (pieces) => Buffer.concat(pieces),
      FILE_BUFFER_BYTES_MAX,
    )
  }

  get saturated(): boolean {
    return this.#writer.saturated
  }

  write(given: NewStreamMessage): void {
    const { key, payload, shard = 0n, sequence, timestamp = Date.now() } = inStream(given, this.#settings.key)
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload
    const message: StreamMessage = { key, shard, sequence: sequence ?? this.#encoder.nextSequence(key, shard), timestamp, payload: bytes }
    this.#check(message)
    const encoded = this.#encoder.encode(message)
    this.#writer.push(encoded, encoded.length)
  }

  async flush(): Promise<void> {
    await this.#writer.flush()
    await this.#file.sync()
  }

  snapshot(): WrittenStreams {
    return this.#encoder.written
  }

  async close(): Promise<void> {
    await this.#writer.stop()
    await this.#file.close()
    writers.delete(resolve(this.#path))
  }

  #check({ key, shard, sequence, timestamp, payload }: StreamMessage): void {
    const { maxMessageBytes, maxFileBytes } = this.#settings
    const isU64 = (value: bigint) => typeof value === 'bigint' && value >= 0n && value <= U64_MAX
    if (typeof key !== 'string' || !isStreamKey(key) || key === INTERNAL_KEY)
      throw this.#invalid(`${JSON.stringify(key)} is not the key of a stream`)
    if (!isU64(shard) || !isU64(sequence)) throw this.#invalid('shard and sequence are not bigints in 64 bits')
    if (!Number.isSafeInteger(timestamp) || timestamp < 0) throw this.#invalid(`${timestamp} is no timestamp in milliseconds since 1970`)
    if (payload.length > maxMessageBytes) {
      const problem = `A message for "${this.#path}" has ${payload.length} bytes, and ${maxMessageBytes} are allowed. Raise maxMessageBytes here and where it is read.`
      throw new MalstromError('ERR_RECORD_TOO_LARGE', problem, { context: this.#context })
    }
    if (this.#encoder.length + payload.length > maxFileBytes) {
      const problem = `The file "${this.#path}" has reached its limit of ${maxFileBytes} bytes. Raise maxFileBytes, or write to a new file.`
      throw new MalstromError('ERR_FILE', problem, { context: { ...this.#context, path: this.#path } })
    }
  }

  #invalid(problem: string): MalstromError {
    return new MalstromError('ERR_RECORD_INVALID', `A message cannot be written to "${this.#path}": ${problem}.`, {
      context: this.#context,
    })
  }
}
