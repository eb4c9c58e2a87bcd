import { isUtf8 } from 'node:buffer'
import { MalstromError } from '@malstrom/core'
import { readVarint } from './record-reader.ts'

/** A name and a value; `undefined` is Kafka's null. The same name may come twice. */
export interface KafkaHeader {
  readonly name: string
  readonly value: Uint8Array | undefined
}

/** Where the parts of a record lie. */
export interface RecordPlace {
  readonly bytes: Buffer
  readonly keyStart: number
  readonly keyEnd: number
  readonly valueStart: number
  readonly valueEnd: number
  readonly headersStart: number
  readonly end: number
}

/**
 * One record of a topic. `key`, `value` and headers are views of the memory that was received: copy
 * (`slice()`) what you keep, or a megabyte is kept for each.
 */
export class KafkaRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Milliseconds since 1970: when the record was made or, if the topic says so, when the broker got it. -1 if nobody said. */
  readonly timestamp: number
  readonly #bytes: Buffer
  readonly #keyStart: number
  readonly #keyEnd: number
  readonly #valueStart: number
  readonly #valueEnd: number
  readonly #headersStart: number
  readonly #end: number

  constructor(topic: string, partition: number, offset: number, timestamp: number, place: RecordPlace) {
    this.topic = topic
    this.partition = partition
    this.offset = offset
    this.timestamp = timestamp
    this.#bytes = place.bytes
    this.#keyStart = place.keyStart
    this.#keyEnd = place.keyEnd
    this.#valueStart = place.valueStart
    this.#valueEnd = place.valueEnd
    this.#headersStart = place.headersStart
    this.#end = place.end
  }

  /** `undefined` if the record has no key. */
  get key(): Uint8Array | undefined {
    return this.#keyStart < 0 ? undefined : this.#bytes.subarray(this.#keyStart, this.#keyEnd)
  }

  /** `undefined` for a tombstone. */
  get value(): Uint8Array | undefined {
    return this.#valueStart < 0 ? undefined : this.#bytes.subarray(this.#valueStart, this.#valueEnd)
  }

  /** Whether it has no value: the key is deleted. */
  get isTombstone(): boolean {
    return this.#valueStart < 0
  }

  /** The key as text. Throws if it is not UTF-8. */
  get keyText(): string | undefined {
    return this.#keyStart < 0 ? undefined : textOf(this.#bytes, this.#keyStart, this.#keyEnd, 'key')
  }

  /** The value as text. Throws if it is not UTF-8. */
  get valueText(): string | undefined {
    return this.#valueStart < 0 ? undefined : textOf(this.#bytes, this.#valueStart, this.#valueEnd, 'value')
  }

  get headers(): readonly KafkaHeader[] {
    return readHeaders(this.#bytes, this.#headersStart, this.#end)
  }

  /** The value of the last header of this name, which is the one that counts. */
  header(name: string): Uint8Array | undefined {
    return this.headers.findLast((header) => header.name === name)?.value
  }
}

const REPLACEMENT = '\ufffd'

function textOf(bytes: Buffer, start: number, end: number, part: string): string {
  const text = bytes.toString('utf8', start, end)
  // Only what has been replaced can be wrong, and then it is worth a second look.
  if (text.includes(REPLACEMENT) && !isUtf8(bytes.subarray(start, end))) {
    throw new MalstromError('ERR_RECORD_INVALID', `the ${part} is not UTF-8`)
  }
  return text
}

function readHeaders(bytes: Buffer, start: number, end: number): readonly KafkaHeader[] {
  let at = start
  const varint = () => {
    const read = readVarint(bytes, at)
    at = read.end
    return read.value
  }
  const take = (count: number) => {
    if (!(count >= 0 && at + count <= end)) throw new MalstromError('ERR_DATA_CORRUPT', 'the headers of a record are cut off')
    at += count
    return bytes.subarray(at - count, at)
  }
  const headers: KafkaHeader[] = []
  const count = varint()
  if (!(count >= 0 && at <= end)) take(-1)
  for (let i = 0; i < count; i++) {
    const name = take(varint()).toString()
    const valueBytes = varint()
    headers.push({ name, value: valueBytes === -1 ? undefined : take(valueBytes) })
  }
  return headers
}
