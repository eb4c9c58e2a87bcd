import type { RedisArgument, RedisCommand } from './redis-port.ts'

const CR = 13
const LF = 10
const ZERO = 48
const BULK = 36
const ARRAY = 42
/** What comes with an argument: `$`, at most ten digits, and twice the end of a line. */
const FRAME_BYTES = 15
/** The most bytes that UTF-8 needs for one unit of a string. */
const UNIT_BYTES_MAX = 3

/** Buffers of at least so many bytes are not copied. */
const PIECE_BYTES_MIN = 4_096

/** The bytes of commands (RESP), one after the other, in pieces. */
export function encodeCommands(commands: readonly RedisCommand[]): readonly Buffer[] {
  let size = 0
  let longest = 0
  for (const command of commands) {
    size += FRAME_BYTES
    for (const argument of command) {
      size += FRAME_BYTES
      if (isPiece(argument)) continue
      size += argument.length
      if (argument.length > longest) longest = argument.length
    }
  }
  // As if all were ASCII, with room for one that is not; with more of them it grows.
  const encoder = new Encoder(size + (UNIT_BYTES_MAX - 1) * longest)
  for (const command of commands) {
    encoder.line(ARRAY, command.length)
    for (const argument of command) encoder.argument(argument)
  }
  return encoder.pieces()
}

function isPiece(argument: RedisArgument): argument is Buffer {
  return typeof argument !== 'string' && argument.length >= PIECE_BYTES_MIN
}

class Encoder {
  readonly #pieces: Buffer[] = []
  #buffer: Buffer
  /** Where the piece begins that is being written. */
  #start = 0
  #at = 0

  constructor(capacity: number) {
    this.#buffer = Buffer.allocUnsafe(capacity)
  }

  argument(argument: RedisArgument): void {
    const { length } = argument
    if (typeof argument === 'string') {
      this.#reserve(UNIT_BYTES_MAX * length + FRAME_BYTES)
      const start = this.#at
      this.line(BULK, length)
      const written = this.#buffer.write(argument, this.#at)
      if (written !== length) {
        this.#at = start
        this.line(BULK, written)
        this.#buffer.write(argument, this.#at)
      }
      this.#at += written
    } else if (isPiece(argument)) {
      this.#reserve(FRAME_BYTES)
      this.line(BULK, length)
      this.#closePiece()
      this.#pieces.push(argument)
    } else {
      this.#reserve(length + FRAME_BYTES)
      this.line(BULK, length)
      this.#buffer.set(argument, this.#at)
      this.#at += length
    }
    this.#buffer[this.#at++] = CR
    this.#buffer[this.#at++] = LF
  }

  line(type: number, count: number): void {
    const buffer = this.#buffer
    buffer[this.#at] = type
    let digits = 1
    for (let rest = count; rest >= 10; rest = (rest / 10) | 0) digits++
    let rest = count
    for (let i = digits; i > 0; i--) {
      buffer[this.#at + i] = ZERO + (rest % 10)
      rest = (rest / 10) | 0
    }
    this.#at += digits + 1
    buffer[this.#at++] = CR
    buffer[this.#at++] = LF
  }

  pieces(): readonly Buffer[] {
    this.#closePiece()
    return this.#pieces
  }

  #closePiece(): void {
    if (this.#at > this.#start) this.#pieces.push(this.#buffer.subarray(this.#start, this.#at))
    this.#start = this.#at
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(2 * this.#buffer.length + bytes)
    larger.set(this.#buffer.subarray(this.#start, this.#at))
    this.#at -= this.#start
    this.#start = 0
    this.#buffer = larger
  }
}
