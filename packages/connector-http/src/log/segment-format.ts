import { deserialize, serialize } from 'node:v8'
import { crc32 } from 'node:zlib'

/** The records of one request. They are values as `decode` made them, and are copied as structured clones are. */
export interface LogEntry {
  /** The number of its first record, counted from the first that the log ever had. */
  readonly first: number
  /** When the request came, in milliseconds since 1970. */
  readonly timestamp: number
  /** The idempotency key of the request. */
  readonly key: string | undefined
  readonly values: readonly unknown[]
}

/** What a segment begins with: what must be known of those before it, so that they can be deleted. */
export interface SegmentHead {
  readonly first: number
  /** The last idempotency keys, oldest first. */
  readonly keys: readonly string[]
}

export interface Segment {
  readonly head: SegmentHead
  readonly entries: readonly LogEntry[]
}

/** Eight bytes: whose file it is, and the version of the form. */
const MAGIC = Buffer.from('mlsthtt1', 'latin1')
/** Length and CRC-32 of what follows, as unsigned 32-bit numbers, little-endian. */
const FRAME_BYTES = 8

export function headBytes(head: SegmentHead): Buffer {
  return Buffer.concat([MAGIC, framed([head.first, head.keys])])
}

/** Throws what `structuredClone` would throw for values that cannot be copied: functions, for example. */
export function entryBytes({ first, timestamp, key, values }: LogEntry): Buffer {
  return framed([first, timestamp, key, values])
}

/**
 * Reads a segment up to its end, or to the first entry that is not whole: what a crash cut off while it was written. Nobody
 * was told that it is safe. `undefined` if not even the head is whole.
 */
export function readSegment(bytes: Buffer): Segment | undefined {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined
  const frames = framesIn(bytes, MAGIC.length)
  const [head, ...entries] = frames
  if (head === undefined) return undefined
  const [first, keys] = head as [number, string[]]
  return {
    head: { first, keys },
    entries: (entries as [number, number, string | undefined, unknown[]][]).map(([first, timestamp, key, values]) => ({
      first,
      timestamp,
      key,
      values,
    })),
  }
}

function framed(content: unknown): Buffer {
  const payload = serialize(content)
  const frame = Buffer.allocUnsafe(FRAME_BYTES + payload.length)
  frame.writeUInt32LE(payload.length, 0)
  frame.writeUInt32LE(crc32(payload), 4)
  payload.copy(frame, FRAME_BYTES)
  return frame
}

function framesIn(bytes: Buffer, start: number): unknown[] {
  const contents: unknown[] = []
  for (let at = start; at + FRAME_BYTES <= bytes.length; ) {
    const length = bytes.readUInt32LE(at)
    const payload = bytes.subarray(at + FRAME_BYTES, at + FRAME_BYTES + length)
    if (length === 0 || payload.length < length || crc32(payload) !== bytes.readUInt32LE(at + 4)) break
    contents.push(deserialize(payload))
    at += FRAME_BYTES + length
  }
  return contents
}
