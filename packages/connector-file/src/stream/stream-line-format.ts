import { messageOf } from '@malstrom/core'
import { type LineOptions, lineFormat } from '../source/line-parser.ts'
import { type RecordFormat, type RecordOrigin, type RecordParser, recordError } from '../source/record-parser.ts'
import { parseStreamLine, type StreamLineOptions } from './stream-line.ts'
import { checkStreamKeys, type StreamMessage } from './stream-message.ts'

export interface StreamLinesOptions extends LineOptions, StreamLineOptions {
  /** Only messages of these streams, and lines that name none, which are for all. @default all streams */
  readonly keys?: readonly string[]
}

/** The key of lines that name no stream. */
const BROADCAST_KEY = 'broadcast'

export function streamLineFormat(owner: string, options: StreamLinesOptions): RecordFormat<StreamMessage> {
  const { escapeLineEnds = false } = options
  const keys = checkStreamKeys(owner, options.keys)
  const lines = lineFormat(owner, options)
  return {
    ...lines,
    open: (origin) => new StreamLineParser(origin, lines.open(origin), keys, escapeLineEnds, lines.skipsInvalid),
  }
}

/** Each line is a message. */
class StreamLineParser implements RecordParser<StreamMessage> {
  value: StreamMessage | undefined = undefined
  readonly lines = 1
  readonly primed = true
  readonly #origin: RecordOrigin
  readonly #lines: RecordParser<string>
  readonly #keys: ReadonlySet<string> | undefined
  readonly #escapeLineEnds: boolean
  readonly #skipsInvalid: boolean

  constructor(
    origin: RecordOrigin,
    lines: RecordParser<string>,
    keys: ReadonlySet<string> | undefined,
    escapeLineEnds: boolean,
    skipsInvalid: boolean,
  ) {
    this.#origin = origin
    this.#lines = lines
    this.#keys = keys
    this.#escapeLineEnds = escapeLineEnds
    this.#skipsInvalid = skipsInvalid
  }

  parse(text: string, at: number, last: boolean, line: number): number {
    const end = this.#lines.parse(text, at, last, line)
    if (end >= 0) this.value = this.#messageOf(this.#lines.value as string, line)
    return end
  }

  #messageOf(text: string, line: number): StreamMessage | undefined {
    try {
      const {
        timestamp = Date.now(),
        key,
        sequence = BigInt(line - 1),
        shard = 0n,
        payload,
      } = parseStreamLine(text, { escapeLineEnds: this.#escapeLineEnds })
      if (key !== undefined && this.#keys?.has(key) === false) return undefined
      return { key: key ?? BROADCAST_KEY, shard, sequence, timestamp, payload: Buffer.from(payload) }
    } catch (thrown) {
      if (this.#skipsInvalid) return undefined
      throw recordError('ERR_RECORD_INVALID', this.#origin, line, messageOf(thrown), thrown)
    }
  }
}
