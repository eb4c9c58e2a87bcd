import { MalstromError, messageOf } from '@malstrom/core'
import { type LineOptions, lineBound, lineFormat } from '../source/line-parser.ts'
import { type RecordFormat, type RecordOrigin, type RecordParser, recordError } from '../source/record-parser.ts'
import { parseStreamLine, type StreamLineOptions } from './stream-line.ts'
import { checkStreamKeys, type StreamMessage } from './stream-message.ts'

export interface StreamLinesOptions extends LineOptions, StreamLineOptions {
  /** Only messages of these streams, and lines that name none, which are for all. @default all streams */
  readonly keys?: readonly string[]
  /** What to do about a line that is no message: `ERR_RECORD_INVALID`, or nothing. @default 'fail' */
  readonly onInvalid?: 'fail' | 'skip'
}

/** The key of lines that name no stream. */
const BROADCAST_KEY = 'broadcast'

export function streamLineFormat(owner: string, options: StreamLinesOptions): RecordFormat<StreamMessage> {
  const { onInvalid = 'fail', escapeLineEnds = false } = options
  if (onInvalid !== 'fail' && onInvalid !== 'skip')
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${owner}: onInvalid is ${String(onInvalid)}. Give 'fail' or 'skip'.`)
  const keys = checkStreamKeys(owner, options.keys)
  const lines = lineFormat(owner, options)
  return {
    ...lineBound(owner, options),
    open: (origin) => new StreamLineParser(origin, lines.open(origin), keys, escapeLineEnds, onInvalid),
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
  readonly #onInvalid: 'fail' | 'skip'

  constructor(
    origin: RecordOrigin,
    lines: RecordParser<string>,
    keys: ReadonlySet<string> | undefined,
    escapeLineEnds: boolean,
    onInvalid: 'fail' | 'skip',
  ) {
    this.#origin = origin
    this.#lines = lines
    this.#keys = keys
    this.#escapeLineEnds = escapeLineEnds
    this.#onInvalid = onInvalid
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
      if (this.#onInvalid === 'skip') return undefined
      throw recordError('ERR_RECORD_INVALID', this.#origin, line, messageOf(thrown), thrown)
    }
  }
}
