import { RedisRefusal } from './redis-port.ts'

const CR = 13
const MINUS = 45
const ZERO = 48
/** The first byte of a value: its type. */
const [ERROR, STATUS, INTEGER, BULK, ARRAY] = [45, 43, 58, 36, 42]

/** Texts of at most so many bytes are kept to be given out again: names of fields come with every entry. */
const NAME_BYTES_MAX = 12
const NAME_SLOTS = 64

/**
 * Reads replies (RESP2) from the chunks of a connection. The decoder of ioredis takes seven times as long for the entries of a stream: it
 * makes a buffer of every text first, and then a text of it.
 */
export class ReplyDecoder {
  /** Whether texts of the reply that is read are given as buffers; asked when it begins. */
  readonly #wantsBytes: () => boolean
  /** An error is given as `RedisRefusal`. */
  readonly #onReply: (reply: unknown) => void
  /** What has come of a value that was cut, and how many more bytes are needed to get on with it: never more than belong to it. */
  #rest: Buffer[] = []
  #missing = 0
  /** Arrays that have begun, the innermost one last, and how many items each of them lacks. */
  readonly #arrays: unknown[][] = []
  readonly #lacking: number[] = []
  readonly #names: { readonly bytes: Uint8Array; readonly text: string }[] = []
  #bytes = false

  constructor(wantsBytes: () => boolean, onReply: (reply: unknown) => void) {
    this.#wantsBytes = wantsBytes
    this.#onReply = onReply
  }

  /** @throws Error what comes is no reply */
  write(chunk: Buffer): void {
    let at = 0
    // First what was cut, and only that is copied.
    while (this.#rest.length > 0) {
      const end = Math.min(at + this.#missing, chunk.length)
      this.#rest.push(chunk.subarray(at, end))
      this.#missing -= end - at
      if (this.#missing > 0) return
      at = end
      const joined = Buffer.concat(this.#rest)
      this.#rest = this.#value(joined, 0) > 0 ? [] : [joined]
    }
    while (at < chunk.length) {
      const end = this.#value(chunk, at)
      if (end === 0) {
        this.#rest.push(at === 0 ? chunk : chunk.subarray(at))
        return
      }
      at = end
    }
  }

  /** Reads the value, or the head of the array, that begins at `start`; returns where it ends, 0 if it is not all there. */
  #value(chunk: Buffer, start: number): number {
    let end = start + 1
    while (end < chunk.length && chunk[end] !== CR) end++
    // The line ends with two bytes.
    if (end + 1 >= chunk.length) return this.#lacks(1)
    const type = chunk[start]
    const next = end + 2
    if (this.#arrays.length === 0) this.#bytes = this.#wantsBytes()
    if (type === BULK) return this.#bulk(chunk, next, integerIn(chunk, start + 1, end))
    if (type === ARRAY) this.#array(integerIn(chunk, start + 1, end))
    else if (type === INTEGER) this.#found(integerIn(chunk, start + 1, end))
    else if (type === STATUS) this.#found(chunk.toString('utf8', start + 1, end))
    else if (type === ERROR) this.#found(new RedisRefusal(chunk.toString('utf8', start + 1, end)))
    else throw new Error('The server does not answer as a Redis does.')
    return next
  }

  #bulk(chunk: Buffer, start: number, length: number): number {
    if (length < 0) {
      this.#found(null)
      return start
    }
    const end = start + length
    if (end + 2 > chunk.length) return this.#lacks(end + 2 - chunk.length)
    if (this.#bytes) this.#found(chunk.subarray(start, end))
    else this.#found(length <= NAME_BYTES_MAX ? this.#name(chunk, start, end) : chunk.toString('utf8', start, end))
    return end + 2
  }

  /** A short text, the same one as the last time if it is the last of its kind: that is cheaper than to make it. */
  #name(chunk: Buffer, start: number, end: number): string {
    if (start === end) return ''
    const length = end - start
    const slot = (length * 31 + (chunk[start] as number) * 7 + (chunk[end - 1] as number)) % NAME_SLOTS
    const known = this.#names[slot]
    if (known !== undefined && known.bytes.length === length) {
      let i = 0
      while (i < length && known.bytes[i] === chunk[start + i]) i++
      if (i === length) return known.text
    }
    const text = chunk.toString('utf8', start, end)
    this.#names[slot] = { bytes: new Uint8Array(chunk.subarray(start, end)), text }
    return text
  }

  #array(length: number): void {
    if (length <= 0) {
      this.#found(length < 0 ? null : [])
      return
    }
    this.#arrays.push([])
    this.#lacking.push(length)
  }

  /** A value is complete, and perhaps the arrays that it is the last item of. */
  #found(found: unknown): void {
    let value = found
    for (let depth = this.#arrays.length - 1; depth >= 0; depth--) {
      const array = this.#arrays[depth] as unknown[]
      array.push(value)
      const lacking = (this.#lacking[depth] as number) - 1
      if (lacking > 0) {
        this.#lacking[depth] = lacking
        return
      }
      this.#arrays.pop()
      this.#lacking.pop()
      value = array
    }
    this.#onReply(value)
  }

  #lacks(bytes: number): 0 {
    this.#missing = bytes
    return 0
  }
}

function integerIn(chunk: Buffer, start: number, end: number): number {
  let number = 0
  const isNegative = chunk[start] === MINUS
  for (let i = isNegative ? start + 1 : start; i < end; i++) number = number * 10 + ((chunk[i] as number) - ZERO)
  return isNegative ? -number : number
}
