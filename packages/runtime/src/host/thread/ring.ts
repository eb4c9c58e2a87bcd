/** Bytes of a ring; a power of two. What does not fit waits in the memory of the sender. */
const CAPACITY = 2_048 * 1_024

/** The longest piece: a longer frame goes in several, so that one frame never needs the whole ring. */
const PIECE_MAX = CAPACITY / 16

/** Where the numbers stand that both sides share: 64 bytes apart, so that the sides do not slow each other down. */
const WRITTEN = 0
const READ = 16
const READER_SLEEPS = 32
const WRITER_WAITS = 48
const DATA_START = 256

/** In front of each piece: its length, and whether more of its frame follows. */
const HEADER = 8
/** A length that says: go on at the start. */
const WRAP = 0xffff_ffff

export function newRing(): SharedArrayBuffer {
  return new SharedArrayBuffer(DATA_START + CAPACITY)
}

/**
 * The writing side of a ring in shared memory, through which frames go from one thread to another
 * without a lock: only the writer moves `WRITTEN`, only the reader moves `READ`. Both are counts of bytes
 * modulo 2^32.
 */
export class RingWriter {
  readonly #shared: Int32Array
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #written: number
  /** Where the reader was when we last looked. */
  #read = 0

  constructor(ring: SharedArrayBuffer) {
    this.#shared = new Int32Array(ring, 0, DATA_START / 4)
    this.#bytes = new Uint8Array(ring, DATA_START)
    this.#view = new DataView(ring, DATA_START)
    this.#written = Atomics.load(this.#shared, WRITTEN) >>> 0
  }

  /**
   * Writes what there is room for; returns how many bytes of the frame that were. A frame that was begun is
   * gone on with from there. 0 or less than the frame: the reader will say when there is room.
   */
  write(frame: Uint8Array, from: number): number {
    let at = from
    do {
      const length = Math.min(frame.length - at, PIECE_MAX)
      if (!this.#hasRoom(length)) break
      this.#put(frame, at, length)
      at += length
      if (length === 0) return 0
    } while (at < frame.length)
    Atomics.store(this.#shared, WRITTEN, this.#written | 0)
    return at - from
  }

  /** Whether there is room for the next piece; if not, the reader is asked to say when there is. */
  hasRoomFor(length: number): boolean {
    return this.#hasRoom(Math.min(length, PIECE_MAX))
  }

  /** Whether the reader sleeps and must be woken; true once for each time it went to sleep. */
  wakesReader(): boolean {
    return Atomics.load(this.#shared, READER_SLEEPS) === 1 && Atomics.exchange(this.#shared, READER_SLEEPS, 0) === 1
  }

  #hasRoom(length: number): boolean {
    // The piece must lie in one stretch, so the rest of the ring may be skipped.
    const needed = HEADER + padded(length)
    const rest = CAPACITY - (this.#written & (CAPACITY - 1))
    const taken = needed > rest ? rest + needed : needed
    if (this.#free() >= taken) return true
    this.#read = Atomics.load(this.#shared, READ) >>> 0
    if (this.#free() >= taken) return true
    Atomics.store(this.#shared, WRITER_WAITS, 1)
    // The reader may have read everything before it saw that we wait.
    this.#read = Atomics.load(this.#shared, READ) >>> 0
    return this.#free() >= taken
  }

  #free(): number {
    return CAPACITY - ((this.#written - this.#read) >>> 0)
  }

  #put(frame: Uint8Array, from: number, length: number): void {
    const needed = HEADER + padded(length)
    let position = this.#written & (CAPACITY - 1)
    if (needed > CAPACITY - position) {
      this.#view.setUint32(position, WRAP, true)
      this.#written = (this.#written + CAPACITY - position) >>> 0
      position = 0
    }
    this.#view.setUint32(position, length, true)
    this.#view.setUint32(position + 4, from + length < frame.length ? 1 : 0, true)
    this.#bytes.set(from === 0 && length === frame.length ? frame : frame.subarray(from, from + length), position + HEADER)
    this.#written = (this.#written + needed) >>> 0
  }
}

/** The reading side of a ring. */
export class RingReader {
  readonly #ring: SharedArrayBuffer
  readonly #shared: Int32Array
  readonly #view: DataView
  #read = 0
  /** Up to where the last frame reached: its bytes are given back with the next call. */
  #end = 0
  #written = 0
  /** Pieces of a frame whose rest has not come yet. */
  #pieces: Uint8Array[] = []

  constructor(ring: SharedArrayBuffer) {
    this.#ring = ring
    this.#shared = new Int32Array(ring, 0, DATA_START / 4)
    this.#view = new DataView(ring, DATA_START)
  }

  /** The next frame, valid until the next call; `undefined` if there is none, and the writer will wake us. */
  read(): Uint8Array | undefined {
    this.#giveBack()
    for (;;) {
      const piece = this.#nextPiece()
      if (piece === undefined) return undefined
      const { bytes, more } = piece
      if (!more && this.#pieces.length === 0) return bytes
      this.#pieces.push(new Uint8Array(bytes))
      this.#giveBack()
      if (!more) return joined(this.#pieces.splice(0))
    }
  }

  /** Whether the writer waits for room and must be woken; true once for each time it began to wait. */
  wakesWriter(): boolean {
    return Atomics.load(this.#shared, WRITER_WAITS) === 1 && Atomics.exchange(this.#shared, WRITER_WAITS, 0) === 1
  }

  #nextPiece(): { readonly bytes: Uint8Array; readonly more: boolean } | undefined {
    if (this.#end === this.#written && !this.#look()) return undefined
    let position = this.#end & (CAPACITY - 1)
    let length = this.#view.getUint32(position, true)
    if (length === WRAP) {
      this.#end = (this.#end + CAPACITY - position) >>> 0
      position = 0
      length = this.#view.getUint32(0, true)
    }
    const more = this.#view.getUint32(position + 4, true) === 1
    this.#end = (this.#end + HEADER + padded(length)) >>> 0
    return { bytes: new Uint8Array(this.#ring, DATA_START + position + HEADER, length), more }
  }

  /** Whether something has been written; if not, the writer is asked to wake us. */
  #look(): boolean {
    this.#written = Atomics.load(this.#shared, WRITTEN) >>> 0
    if (this.#written !== this.#end) return true
    Atomics.store(this.#shared, READER_SLEEPS, 1)
    // Something may have been written before it was seen that we sleep.
    this.#written = Atomics.load(this.#shared, WRITTEN) >>> 0
    if (this.#written === this.#end) return false
    Atomics.store(this.#shared, READER_SLEEPS, 0)
    return true
  }

  #giveBack(): void {
    if (this.#read === this.#end) return
    this.#read = this.#end
    Atomics.store(this.#shared, READ, this.#read | 0)
  }
}

function padded(length: number): number {
  return (length + 7) & ~7
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
