import type { StreamMessage } from '../stream/stream-message.ts'
import { CRC16_START, crc16, runningCrc16 } from './crc16.ts'
import { encodeBeacon, encodeMessage, HEADER_BYTES, markersMax, type StreamMarker } from './format.ts'

/** What has been written to a stream file, as far as what follows depends on it. */
export interface WrittenStreams {
  readonly beaconIntervalBytes: number
  /** The length of the file. */
  readonly length: number
  /** How many markers its beacons have: they take turns where there are more streams than a beacon has room for. */
  readonly markers: number
  readonly streams: readonly StreamMarker[]
}

export function noStreams(beaconIntervalBytes: number): WrittenStreams {
  return { beaconIntervalBytes, length: HEADER_BYTES, markers: 0, streams: [] }
}

/** Turns messages into the bytes of a stream file, with the beacons that belong between and into them. */
export class StreamFileEncoder {
  readonly #intervalBytes: number
  #length: number
  #markers: number
  readonly #byId = new Map<string, StreamMarker>()
  /** Ordered by key and shard, as the beacons are. */
  #ids: string[] = []
  /** Of the last message: most come from the same stream as the one before. */
  #last = { key: '', shard: -1n, id: '' }

  constructor(written: WrittenStreams) {
    this.#intervalBytes = written.beaconIntervalBytes
    this.#length = written.length
    this.#markers = written.markers
    for (const stream of written.streams) this.#set(stream)
  }

  get written(): WrittenStreams {
    const streams = this.#ids.map((id) => this.#byId.get(id) as StreamMarker)
    return { beaconIntervalBytes: this.#intervalBytes, length: this.#length, markers: this.#markers, streams }
  }

  /** The length of the file with everything that was encoded. */
  get length(): number {
    return this.#length
  }

  /** Sequences count from 1. */
  nextSequence(key: string, shard: bigint): bigint {
    return (this.#byId.get(this.#idOf(key, shard))?.sequence ?? 0n) + 1n
  }

  /** The bytes that continue the file. */
  encode(message: StreamMessage): Buffer {
    const parts = this.#beaconIfDue(0)
    const checksum = crc16(message.payload)
    this.#note(message, checksum)
    for (let rest = encodeMessage(message, checksum); rest.length > 0; ) {
      const part = rest.subarray(0, this.#intervalBytes - (this.#length % this.#intervalBytes))
      rest = rest.subarray(part.length)
      this.#length += part.length
      parts.push(part, ...this.#beaconIfDue(rest.length))
    }
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
  }

  /** Takes note of a message that is in the file. */
  note(message: StreamMessage): void {
    this.#note(message, crc16(message.payload))
  }

  #note({ key, shard, sequence, timestamp }: StreamMessage, checksum: number): void {
    const known = this.#byId.get(this.#idOf(key, shard))
    this.#set({
      key,
      shard,
      sequence: known !== undefined && known.sequence > sequence ? known.sequence : sequence,
      timestamp: Math.max(known?.timestamp ?? 0, timestamp),
      runningChecksum: runningCrc16(known?.runningChecksum ?? CRC16_START, checksum),
    })
  }

  #set(stream: StreamMarker): void {
    const id = this.#idOf(stream.key, stream.shard)
    if (!this.#byId.has(id)) this.#ids = [...this.#ids, id].sort()
    this.#byId.set(id, stream)
  }

  #beaconIfDue(remainingBytes: number): Buffer[] {
    if (this.#length % this.#intervalBytes !== 0) return []
    const count = Math.min(this.#ids.length, markersMax(this.#intervalBytes))
    const first = this.#markers
    const markers = Array.from(
      { length: count },
      (_, i) => this.#byId.get(this.#ids[(first + i) % this.#ids.length] as string) as StreamMarker,
    )
    this.#markers += count
    const beacon = encodeBeacon(remainingBytes, markers)
    this.#length += beacon.length
    return [beacon]
  }

  /** Sorts as key and then shard do: no character of a key is below the one between. */
  #idOf(key: string, shard: bigint): string {
    const last = this.#last
    if (last.key === key && last.shard === shard) return last.id
    this.#last = { key, shard, id: `${key} ${String(shard).padStart(20, '0')}` }
    return this.#last.id
  }
}
