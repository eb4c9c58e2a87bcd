import { type FileHandle, open } from 'node:fs/promises'
import { MalstromError } from '@malstrom/core'
import { checkByteBound } from '../check-options.ts'
import { fileError } from '../file-error.ts'
import type { StreamMessage } from '../stream/stream-message.ts'
import { HEADER_BYTES, INTERNAL_KEY, isEndOfStream, type StreamBeacon, type StreamFileHeader } from './format.ts'
import { MESSAGE_BYTES_MAX, StreamFileDecoder } from './stream-file-decoder.ts'
import { noStreams, StreamFileEncoder, type WrittenStreams } from './stream-file-encoder.ts'

const READ_BYTES = 256 * 1024

export interface StreamFileReport {
  readonly path: string
  readonly bytes: number
  /** `undefined` if the file has none that can be read. */
  readonly header: StreamFileHeader | undefined
  /** Without the one that ends the stream. */
  readonly messages: number
  readonly beacons: number
  /** Beacons whose running checksums are not those of the messages before them, as after an append by SeaStreamer. */
  readonly beaconsThatDiffer: number
  readonly streams: readonly StreamSummary[]
  /**
   * `open`: it ends after a message. `ended`: it ends with the mark of the end. `cut`: it ends in the middle of a message,
   * or while one is written. `damaged`: something in it is not as it must be.
   */
  readonly state: 'open' | 'ended' | 'cut' | 'damaged'
  /** Up to here the file is sound. */
  readonly soundBytes: number
  /** What is wrong, for `cut` and `damaged`. */
  readonly problem?: string
}

export interface StreamSummary {
  readonly key: string
  readonly shard: bigint
  readonly messages: number
  readonly firstSequence: bigint
  readonly lastSequence: bigint
  /** Milliseconds since 1970. */
  readonly firstTimestamp: number
  readonly lastTimestamp: number
}

export interface VerifyOptions {
  /** The most bytes the payload of a message may have; more counts as damage. @default 16 MiB */
  readonly maxMessageBytes?: number
}

/** Reads a whole stream file and says what it holds and whether it is sound. Throws `ERR_FILE` if it cannot be read. */
export async function verifyStreamFile(path: string, options: VerifyOptions = {}): Promise<StreamFileReport> {
  const maxMessageBytes = checkByteBound('verifyStreamFile', 'maxMessageBytes', options.maxMessageBytes ?? MESSAGE_BYTES_MAX)
  return (await scanStreamFile(path, maxMessageBytes)).report
}

/** What `verifyStreamFile` finds, and what is needed to write on. */
export async function scanStreamFile(path: string, maxMessageBytes: number) {
  const scan = new Scan(path, maxMessageBytes)
  let handle: FileHandle | undefined
  try {
    handle = await open(path, 'r')
    const buffer = Buffer.allocUnsafe(READ_BYTES)
    for (let position = 0; scan.goesOn; ) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, position)
      if (bytesRead === 0) break
      position += bytesRead
      scan.add(buffer.subarray(0, bytesRead))
    }
    const { size } = await handle.stat()
    return { report: scan.report(size), written: scan.written }
  } catch (thrown) {
    throw fileError('read', path, thrown)
  } finally {
    await handle?.close()
  }
}

class Scan {
  readonly #path: string
  readonly #decoder: StreamFileDecoder
  readonly #summaries = new Map<string, StreamSummary>()
  #encoder: StreamFileEncoder | undefined
  #messages = 0
  #beacons = 0
  #beaconsThatDiffer = 0
  #markers = 0
  #endsAt: number | undefined
  #problem: string | undefined

  constructor(path: string, maxMessageBytes: number) {
    this.#path = path
    this.#decoder = new StreamFileDecoder({ path, maxMessageBytes, offset: 0, onBeacon: (beacon) => this.#inMessage.push(beacon) })
  }

  /** Beacons that were met since the last message. */
  readonly #inMessage: StreamBeacon[] = []

  /** Nothing that follows could be trusted, or would be read. */
  get goesOn(): boolean {
    return this.#problem === undefined && this.#endsAt === undefined
  }

  add(bytes: Uint8Array): void {
    this.#decoder.push(bytes)
    try {
      while (this.goesOn) {
        const start = this.#decoder.offset
        const message = this.#decoder.next()
        const { header } = this.#decoder
        if (header !== undefined) this.#encoder ??= new StreamFileEncoder(noStreams(header.beaconIntervalBytes))
        if (message === undefined) break
        this.#take(message, start)
      }
    } catch (thrown) {
      if (!(thrown instanceof MalstromError)) throw thrown
      this.#problem = thrown.message
    }
  }

  get written(): WrittenStreams | undefined {
    const written = this.#encoder?.written
    return written === undefined ? undefined : { ...written, length: this.#endsAt ?? this.#decoder.offset, markers: this.#markers }
  }

  report(bytes: number): StreamFileReport {
    const { header, waitingBytes, offset } = this.#decoder
    this.#countBeacons(Number.POSITIVE_INFINITY)
    const sound = header === undefined ? 0 : offset
    const isCut = header === undefined || waitingBytes > 0
    const afterEnd = this.#endsAt !== undefined && bytes > offset ? 'There is something after the end of the stream.' : undefined
    const damage = this.#problem ?? afterEnd
    const state = damage !== undefined ? 'damaged' : isCut ? 'cut' : this.#endsAt === undefined ? 'open' : 'ended'
    const cutProblem =
      header === undefined
        ? `It has ${bytes} bytes, and a header has ${HEADER_BYTES}.`
        : `It ends in the middle of a message that begins at byte ${offset}.`
    const problem = damage ?? (isCut ? cutProblem : undefined)
    return {
      path: this.#path,
      bytes,
      header,
      messages: this.#messages,
      beacons: this.#beacons,
      beaconsThatDiffer: this.#beaconsThatDiffer,
      streams: [...this.#summaries.values()],
      state,
      soundBytes: sound,
      ...(problem === undefined ? {} : { problem }),
    }
  }

  #take(message: StreamMessage, start: number): void {
    // A beacon before the message knows nothing of it, and one inside does.
    this.#countBeacons(start + 1)
    if (isEndOfStream(message)) {
      this.#endsAt = start
      this.#inMessage.length = 0
      return
    }
    this.#encoder?.note(message)
    this.#countBeacons(Number.POSITIVE_INFINITY)
    if (message.key === INTERNAL_KEY) return
    this.#messages++
    const { key, shard, sequence, timestamp } = message
    const id = `${key} ${shard}`
    const known = this.#summaries.get(id)
    this.#summaries.set(id, {
      key,
      shard,
      messages: (known?.messages ?? 0) + 1,
      firstSequence: known?.firstSequence ?? sequence,
      lastSequence: sequence,
      firstTimestamp: known?.firstTimestamp ?? timestamp,
      lastTimestamp: timestamp,
    })
  }

  /** Compares the beacons that begin before `offset` with what has been read. */
  #countBeacons(offset: number): void {
    if (this.#inMessage.length === 0) return
    const streams = this.#encoder?.written.streams ?? []
    while ((this.#inMessage[0]?.offset ?? Number.POSITIVE_INFINITY) < offset) {
      const beacon = this.#inMessage.shift() as StreamBeacon
      this.#beacons++
      this.#markers += beacon.markers.length
      const agrees = beacon.markers.every(({ key, shard, runningChecksum, sequence }) =>
        streams.some(
          (known) => known.key === key && known.shard === shard && known.runningChecksum === runningChecksum && known.sequence === sequence,
        ),
      )
      if (!agrees) this.#beaconsThatDiffer++
    }
  }
}
