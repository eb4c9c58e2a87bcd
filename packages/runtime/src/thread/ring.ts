import { assert } from '@malstrom/core'

/*
 * A ring of byte frames in shared memory, for one thread that writes and one that reads.
 *
 *   control (512 bytes)  | frame | frame | ...             | frame |
 *                                ^ read position     ^ write position
 *
 * A frame is 8 bytes of header (channel, length) and its bytes, padded so that every frame starts at a multiple
 * of 8 and numbers can be read where they lie. Positions count bytes since the beginning, modulo 2^32. A frame of up to a
 * quarter of the ring appears whole; a longer one appears in pieces, as there is room, so it may be longer than the ring.
 *
 * Nobody spins. Who finds nothing to do parks: it sets its flag, looks once more, and waits for a wake-up, which is sent by
 * whoever finds the flag set after it has moved its position, and resets it. All of these are sequentially consistent, so either
 * the one sees the new position or the other sees the flag.
 */

export const RING_BYTES = 2 ** 20

/** What `next` answers when no whole frame is there. Channels are not negative. */
export const NO_FRAME = -1

const CONTROL_BYTES = 512
const FRAME_HEADER_BYTES = 8

// Places of the control words, as indices of 32-bit words: those that different threads write at full speed share no cache line.
const WRITE_POSITION = 0
const READ_POSITION = 32
const READER_PARKED = 64
const WRITER_PARKED = 96
const READER_CLOSED = 97

/**
 * The memory of a ring that holds `ringBytes`, a power of two from 64 to 2^30. `position` is where the counting of bytes starts:
 * of use to test what happens when it overflows.
 */
export function createRing(ringBytes = RING_BYTES, position = 0): SharedArrayBuffer {
  assert(ringBytes >= 64 && ringBytes <= 2 ** 30 && (ringBytes & (ringBytes - 1)) === 0, `a ring of ${ringBytes} bytes`)
  const ring = new SharedArrayBuffer(CONTROL_BYTES + ringBytes)
  const control = new Int32Array(ring, 0, CONTROL_BYTES / 4)
  control[WRITE_POSITION] = position
  control[READ_POSITION] = position
  return ring
}

class RingMemory {
  readonly control: Int32Array
  readonly words: Int32Array
  readonly bytes: Uint8Array
  readonly size: number
  readonly mask: number
  /** Framed bytes up to which a frame appears whole. */
  readonly wholeMax: number

  constructor(ring: SharedArrayBuffer) {
    this.size = ring.byteLength - CONTROL_BYTES
    this.mask = this.size - 1
    this.wholeMax = this.size / 4
    this.control = new Int32Array(ring, 0, CONTROL_BYTES / 4)
    this.words = new Int32Array(ring, CONTROL_BYTES)
    this.bytes = new Uint8Array(ring, CONTROL_BYTES)
  }
}

/** The end that writes. */
export class RingWriter {
  readonly #memory: RingMemory
  #position: number
  /** Where the reader was when it was last asked. It may have gone on. */
  #readPosition: number
  /** Bytes of the current frame, padding included, that have been written; -1 between frames. */
  #written = -1

  constructor(ring: SharedArrayBuffer) {
    this.#memory = new RingMemory(ring)
    this.#position = Atomics.load(this.#memory.control, WRITE_POSITION)
    this.#readPosition = Atomics.load(this.#memory.control, READ_POSITION)
  }

  /**
   * True when all of `frame` has been written. After false, the next call must be with the same frame: a part of it may be in
   * the ring already.
   */
  write(channel: number, frame: Uint8Array): boolean {
    const padded = paddedLength(frame.length)
    const whole = FRAME_HEADER_BYTES + padded <= this.#memory.wholeMax
    if (this.#written < 0) {
      if (this.#room(whole ? FRAME_HEADER_BYTES + padded : FRAME_HEADER_BYTES) === 0) return false
      const { words, mask } = this.#memory
      const header = (this.#position & mask) >> 2
      words[header] = channel
      words[header + 1] = frame.length
      this.#position = (this.#position + FRAME_HEADER_BYTES) | 0
      this.#written = 0
    }
    while (this.#written < padded) {
      const room = whole ? padded : this.#room(1)
      if (room === 0) return false
      this.#put(frame, Math.min(room, padded - this.#written))
      if (!whole) this.#publish()
    }
    this.#publish()
    this.#written = -1
    return true
  }

  /** Asks for a wake-up when half of the ring is free. False if it is already, or if nobody reads any more. */
  park(): boolean {
    const { control, size } = this.#memory
    Atomics.store(control, WRITER_PARKED, 1)
    if (!this.closed && this.#room(size / 2) === 0) return true
    Atomics.store(control, WRITER_PARKED, 0)
    return false
  }

  /** True if the reader is parked, and is now owed a wake-up. To be called after writing. */
  unparkReader(): boolean {
    const { control } = this.#memory
    return Atomics.load(control, READER_PARKED) === 1 && Atomics.exchange(control, READER_PARKED, 0) === 1
  }

  /** A frame has been written in part. */
  get withinFrame(): boolean {
    return this.#written >= 0
  }

  /** The reader has gone. */
  get closed(): boolean {
    return Atomics.load(this.#memory.control, READER_CLOSED) === 1
  }

  /** Free bytes if they are at least `needed`, otherwise 0. */
  #room(needed: number): number {
    const { control, size } = this.#memory
    let free = size - ((this.#position - this.#readPosition) | 0)
    if (free < needed) {
      this.#readPosition = Atomics.load(control, READ_POSITION)
      free = size - ((this.#position - this.#readPosition) | 0)
    }
    return free < needed ? 0 : free
  }

  /** `count` bytes, of which the last may be padding. */
  #put(frame: Uint8Array, count: number): void {
    const { bytes, size, mask } = this.#memory
    const from = this.#written
    const to = Math.min(from + count, frame.length)
    const start = this.#position & mask
    const middle = Math.min(to, from + size - start)
    bytes.set(from === 0 && middle === frame.length ? frame : frame.subarray(from, middle), start)
    if (middle < to) bytes.set(frame.subarray(middle, to), 0)
    this.#written += count
    this.#position = (this.#position + count) | 0
  }

  #publish(): void {
    Atomics.store(this.#memory.control, WRITE_POSITION, this.#position)
  }
}

/** The end that reads. */
export class RingReader {
  readonly #memory: RingMemory
  #position: number
  /** What the writer knows to be free again reaches up to here. */
  #freedPosition: number
  /** Up to here frames are looked at. */
  #endPosition: number
  #lent = false
  #channel = NO_FRAME
  #length = 0
  /** A frame that comes in pieces, and how many of its bytes, padding included, have come. */
  #pieces: Uint8Array | undefined
  #gathered = 0
  #scratch = new Uint8Array(0)

  constructor(ring: SharedArrayBuffer) {
    this.#memory = new RingMemory(ring)
    this.#position = Atomics.load(this.#memory.control, READ_POSITION)
    this.#freedPosition = this.#position
    this.#endPosition = this.#position
  }

  /** Makes visible what has been written by now; `next` shows nothing newer, so that reading ends however fast the writer is. */
  refresh(): void {
    this.#endPosition = Atomics.load(this.#memory.control, WRITE_POSITION)
  }

  /** The channel of the next frame, which stays there until `borrow` or `copy`. `NO_FRAME` if there is none that is whole. */
  next(): number {
    if (this.#channel === NO_FRAME) {
      if (this.#position === this.#endPosition) return NO_FRAME
      this.#readHeader()
    }
    return this.#pieces === undefined || this.#gather(this.#pieces) ? this.#channel : NO_FRAME
  }

  /** The bytes of the next frame, where they lie if possible: valid until `release`. */
  borrow(): Uint8Array {
    const pieces = this.#takePieces()
    if (pieces !== undefined) return pieces
    const { bytes, size, mask } = this.#memory
    const start = this.#position & mask
    const length = this.#length
    if (start + length > size) {
      if (this.#scratch.length < length) this.#scratch = new Uint8Array(Math.max(length, 2 * this.#scratch.length))
      this.#read(this.#scratch, 0, length)
      this.#take()
      return this.#scratch.subarray(0, length)
    }
    this.#lent = true
    this.#take()
    return new Uint8Array(bytes.buffer, bytes.byteOffset + start, length)
  }

  /** The bytes of the next frame as a copy. */
  copy(): Uint8Array {
    const pieces = this.#takePieces()
    if (pieces !== undefined) return pieces
    const copied = new Uint8Array(this.#length)
    this.#read(copied, 0, copied.length)
    this.#take()
    return copied
  }

  /** Ends what `borrow` has begun: the writer may use the bytes again. */
  release(): void {
    if (!this.#lent) return
    this.#lent = false
    this.#free()
  }

  /** Asks for a wake-up when something is written. False if something is there. */
  park(): boolean {
    const { control } = this.#memory
    // Still parked: what was written since then has found the flag, or will.
    if (Atomics.load(control, READER_PARKED) === 1) return true
    Atomics.store(control, READER_PARKED, 1)
    if (Atomics.load(control, WRITE_POSITION) === this.#position) return true
    Atomics.store(control, READER_PARKED, 0)
    return false
  }

  /** True if the writer is parked and there is room again: it is now owed a wake-up. To be called after reading. */
  unparkWriter(): boolean {
    const { control, size } = this.#memory
    if (Atomics.load(control, WRITER_PARKED) === 0) return false
    const free = size - ((Atomics.load(control, WRITE_POSITION) - this.#freedPosition) | 0)
    return free >= size / 2 && Atomics.exchange(control, WRITER_PARKED, 0) === 1
  }

  /** What is lent keeps so much of the ring from the writer that it may have to wait for the `release`. */
  get obstructs(): boolean {
    return this.#lent && ((this.#position - this.#freedPosition) | 0) >= this.#memory.size / 2
  }

  /** Tells the writer that nothing will be read any more. It is owed a wake-up. */
  close(): void {
    Atomics.store(this.#memory.control, READER_CLOSED, 1)
  }

  #readHeader(): void {
    const { words, mask, wholeMax } = this.#memory
    const header = (this.#position & mask) >> 2
    this.#channel = words[header] as number
    this.#length = words[header + 1] as number
    this.#position = (this.#position + FRAME_HEADER_BYTES) | 0
    if (FRAME_HEADER_BYTES + paddedLength(this.#length) <= wholeMax) return
    this.#pieces = new Uint8Array(this.#length)
    this.#gathered = 0
  }

  /** Takes over what has come of a frame in pieces. True when it is complete. */
  #gather(pieces: Uint8Array): boolean {
    const from = this.#gathered
    const count = Math.min((this.#endPosition - this.#position) | 0, paddedLength(this.#length) - from)
    if (count > 0) {
      this.#read(pieces, from, Math.min(from + count, this.#length))
      this.#gathered += count
      this.#position = (this.#position + count) | 0
      this.#free()
    }
    return this.#gathered === paddedLength(this.#length)
  }

  #takePieces(): Uint8Array | undefined {
    const pieces = this.#pieces
    if (pieces === undefined) return undefined
    this.#pieces = undefined
    this.#channel = NO_FRAME
    return pieces
  }

  #take(): void {
    this.#position = (this.#position + paddedLength(this.#length)) | 0
    this.#channel = NO_FRAME
    this.#free()
  }

  #free(): void {
    if (this.#lent) return
    this.#freedPosition = this.#position
    Atomics.store(this.#memory.control, READ_POSITION, this.#position)
  }

  /** Copies what lies at the read position to `target`, from index `from` up to `to`. */
  #read(target: Uint8Array, from: number, to: number): void {
    const { bytes, size, mask } = this.#memory
    const start = this.#position & mask
    const first = Math.min(to - from, size - start)
    target.set(bytes.subarray(start, start + first), from)
    if (from + first < to) target.set(bytes.subarray(0, to - from - first), from + first)
  }
}

function paddedLength(length: number): number {
  return (length + 7) & ~7
}
