import { type FileHandle, open } from 'node:fs/promises'
import { systemCode } from '../file-error.ts'
import {
  BEACON_BYTES_MAX,
  type DecodedBeacon,
  decodeBeacon,
  decodeHeader,
  HEADER_BYTES,
  isEndOfStream,
  markersMax,
  type StreamFileHeader,
  type StreamMarker,
} from './format.ts'
import { StreamFileDecoder } from './stream-file-decoder.ts'
import { type Bearing, surveyBeacons } from './survey-beacons.ts'

/** Most beacons are smaller. */
const BEACON_READ_BYTES = 2048
const READ_BYTES = 256 * 1024
/** How many beacons, evenly spread over what is left out, are compared before they are trusted. */
const BEACONS_CHECKED_MAX = 64

export interface StreamFileSeek {
  readonly path: string
  /** Whether a message, or the largest numbers that a beacon tells of its stream, reach what is looked for. */
  readonly reaches: (of: Pick<StreamMarker, 'key' | 'sequence' | 'timestamp'>) => boolean
  /** Streams that are looked at. */
  readonly isWanted: (key: string) => boolean
}

/**
 * Where a message begins with no message before it that reaches what is looked for. Reads a few beacons and nothing else. `undefined` if
 * they do not tell: then the file is to be read from its beginning.
 */
export async function offsetBefore(seek: StreamFileSeek): Promise<number | undefined> {
  return await withFile(seek.path, async (file) => {
    const told = new Map<number, readonly StreamMarker[] | undefined>()
    const bearingAt = async (nth: number): Promise<Bearing> => {
      const markers = (await file.beacon(nth))?.beacon.markers ?? []
      const wanted = markers.filter(({ key }) => seek.isWanted(key))
      // Where not all streams have had room, one that is not named may have come as far as that already.
      const isWhole = markers.length > 0 && markers.length < markersMax(file.header.beaconIntervalBytes)
      const bearing = wanted.some(seek.reaches) ? 'before' : isWhole ? 'after' : 'unknown'
      told.set(nth, bearing === 'after' ? wanted : undefined)
      return bearing
    }
    const { after } = await surveyBeacons(file.beaconCount, bearingAt)
    for (let sample = 0; sample < BEACONS_CHECKED_MAX; sample++) {
      const nth = 1 + Math.floor((sample * (after - 1)) / BEACONS_CHECKED_MAX)
      if (nth < after && !told.has(nth)) await bearingAt(nth)
    }
    const passed = [...told].filter(([nth]) => nth <= after).sort(([a], [b]) => a - b)
    return after > 0 && onlyGrows(passed.map(([, markers]) => markers)) ? await file.messageAfter(after) : undefined
  })
}

/** Behind the last whole message, or before the mark of the end. Reads from the last beacon on, and throws if that is damaged. */
export async function offsetOfEnd(path: string, maxMessageBytes: number): Promise<number | undefined> {
  return await withFile(path, async (file) => {
    for (let nth = file.beaconCount; nth >= 0; nth--) {
      const offset = nth === 0 ? HEADER_BYTES : await file.messageAfter(nth)
      if (offset !== undefined) return await file.endAfter(offset, maxMessageBytes)
    }
    return undefined
  })
}

/**
 * SeaStreamer forgets what was in a file when it goes on writing it, and its beacons then tell of fewer streams, or of smaller numbers.
 * Such beacons are not to be trusted.
 */
function onlyGrows(told: readonly (readonly StreamMarker[] | undefined)[]): boolean {
  return told.every(
    (markers, i) =>
      markers !== undefined &&
      (told[i - 1] ?? []).every(({ key, shard, sequence, timestamp }) =>
        markers.some((later) => later.key === key && later.shard === shard && later.sequence >= sequence && later.timestamp >= timestamp),
      ),
  )
}

/** What `act` finds; `undefined` if the file cannot be opened, is no stream file, or is compressed: reading it tells what is wrong. */
async function withFile<T>(path: string, act: (file: SeekableFile) => Promise<T>): Promise<T | undefined> {
  let handle: FileHandle | undefined
  try {
    handle = await open(path, 'r')
    const stats = await handle.stat()
    if (!stats.isFile()) return undefined
    const file = await SeekableFile.of(path, handle, stats.size)
    return file === undefined ? undefined : await act(file)
  } catch (thrown) {
    if (systemCode(thrown) !== undefined) return undefined
    throw thrown
  } finally {
    await handle?.close()
  }
}

/** A stream file that is read here and there. */
class SeekableFile {
  readonly header: StreamFileHeader
  readonly #path: string
  readonly #handle: FileHandle
  readonly #size: number

  private constructor(path: string, handle: FileHandle, size: number, header: StreamFileHeader) {
    this.#path = path
    this.#handle = handle
    this.#size = size
    this.header = header
  }

  static async of(path: string, handle: FileHandle, size: number): Promise<SeekableFile | undefined> {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0)
    const header = bytesRead < HEADER_BYTES ? 'short' : decodeHeader(buffer)
    return typeof header === 'string' ? undefined : new SeekableFile(path, handle, size, header)
  }

  /** How many beacons there may be. The first one is number 1. */
  get beaconCount(): number {
    return Math.floor(this.#size / this.header.beaconIntervalBytes)
  }

  /** `undefined` if it is not there, not whole, or none. */
  async beacon(nth: number): Promise<DecodedBeacon | undefined> {
    const { beaconIntervalBytes } = this.header
    const offset = nth * beaconIntervalBytes
    for (const length of [BEACON_READ_BYTES, BEACON_BYTES_MAX]) {
      const { buffer, bytesRead } = await this.#handle.read(Buffer.allocUnsafe(length), 0, length, offset)
      const found = decodeBeacon(buffer.subarray(0, bytesRead), 0, offset, beaconIntervalBytes)
      if (typeof found === 'string') return undefined
      if (found !== undefined || bytesRead < length) return found
    }
    return undefined
  }

  /** Where the first message begins that is not before a beacon: the one it stands in is left out. */
  async messageAfter(nth: number): Promise<number | undefined> {
    const { beaconIntervalBytes } = this.header
    let expected: number | undefined
    for (let next = nth; ; next++) {
      const found = await this.beacon(next)
      if (found === undefined) return undefined
      const { remainingBytes, offset } = found.beacon
      if (expected !== undefined && expected !== remainingBytes) return undefined
      const roomBytes = beaconIntervalBytes - found.end
      if (remainingBytes <= roomBytes) {
        const start = offset + found.end + remainingBytes
        return start <= this.#size ? start : undefined
      }
      expected = remainingBytes - roomBytes
    }
  }

  /** Where what is whole ends, from a message on that begins at `offset`. */
  async endAfter(offset: number, maxMessageBytes: number): Promise<number> {
    const decoder = new StreamFileDecoder({ path: this.#path, maxMessageBytes, offset, header: this.header })
    for (let position = offset; ; ) {
      const { buffer, bytesRead } = await this.#handle.read(Buffer.allocUnsafe(READ_BYTES), 0, READ_BYTES, position)
      if (bytesRead === 0) return decoder.offset
      position += bytesRead
      decoder.push(buffer.subarray(0, bytesRead))
      let start = decoder.offset
      for (let message = decoder.next(); message !== undefined; message = decoder.next()) {
        if (isEndOfStream(message)) return start
        start = decoder.offset
      }
    }
  }
}
