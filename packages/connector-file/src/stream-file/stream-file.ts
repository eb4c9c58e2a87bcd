import { MalstromError, type Source, type SourceContext } from '@malstrom/core'
import { checkByteBound } from '../check-options.ts'
import type { FileOptions } from '../source/file-options.ts'
import { FILE_START, type FilePosition } from '../source/file-position.ts'
import { FileSource, type Paths } from '../source/file-source.ts'
import type { FileReader } from '../source/path-partition.ts'
import { checkStreamKeys, type StreamMessage } from '../stream/stream-message.ts'
import { offsetBefore, offsetOfEnd, type StreamFileSeek } from './find-start.ts'
import { damaged, type StreamFileHeader } from './format.ts'
import { MESSAGE_BYTES_MAX, StreamFileDecoder } from './stream-file-decoder.ts'
import { type MessageFilter, StreamFilePartition } from './stream-file-partition.ts'
import { checkShares, inShares, type StreamFileShares } from './stream-file-shares.ts'

export interface StreamFileOptions extends FileOptions {
  /** Only messages of these streams. @default all streams */
  readonly keys?: readonly string[]
  /**
   * Where a job begins that has no saved state: at the first message, behind the last one there is, or at the first with at least
   * this sequence, or with at least this timestamp, in milliseconds since 1970. What comes after it is emitted, whatever it has.
   * If no message has as much, nothing is emitted, or with `follow` what comes and has.
   *
   * It is found by the beacons of the file, without reading what is before it, so damage there is not noticed. For that, a beacon must
   * have room for every stream and shard (126 with beacons 1 MiB apart). A file with more is read and left out up to there, and so is a
   * compressed one, of which `end` gives everything.
   * @default 'beginning'
   */
  readonly start?: StreamFileStart
  /**
   * Read each file in several shares, so that several workers have a part in it. Each is a partition: it reads the whole file, checks
   * it, and emits its own messages, numbered from 0. With `start`, each begins at its own first message. How many there are cannot change while
   * a job keeps its state.
   * @default one share with everything
   */
  readonly shares?: StreamFileShares
  /** The most bytes the payload of a message may have. More is `ERR_RECORD_TOO_LARGE`. @default 16 MiB */
  readonly maxMessageBytes?: number
}

/** Where reading a stream file begins. */
export type StreamFileStart = 'beginning' | 'end' | { readonly sequence: bigint } | { readonly timestamp: number }

/**
 * The messages of stream files in the format of SeaStreamer (`.ss`, version 1).
 *
 * Each file is a partition. It is read to its end, or with `follow` until the mark of the end of the stream. Timestamps
 * of records are the numbers of messages, from 0; assign those of the messages if they matter. The position is a byte
 * offset, so a restart continues exactly. Every checksum is verified: what is wrong is `ERR_RECORD_INVALID` after the
 * messages before it, and so is a file that ends in the middle of a message and is not followed.
 */
export function streamFile(paths: Paths, options: StreamFileOptions = {}): Source<StreamMessage, number, string, FilePosition> {
  const { start = 'beginning' } = options
  const keys = checkStreamKeys(OWNER, options.keys)
  const isWanted = (key: string) => keys?.has(key) ?? true
  const maxMessageBytes = checkByteBound(OWNER, 'maxMessageBytes', options.maxMessageBytes ?? MESSAGE_BYTES_MAX)
  const reaches = reachesOf(start)
  const readerOf = (isMine: MessageFilter | undefined): FileReader<StreamMessage> => {
    return async (input, position, { path }, openBeginning) => {
      const header = position.offset > 0 ? await headerOf(path, maxMessageBytes, openBeginning) : undefined
      const decoder = new StreamFileDecoder({ path, maxMessageBytes, offset: position.offset, header })
      // A position after the beginning is one at which the job has begun.
      const hasBegun = beginning(position.index > 0 ? undefined : reaches)
      const isEmitted = (message: StreamMessage) => isWanted(message.key) && (isMine?.(message) ?? true) && hasBegun(message)
      return new StreamFilePartition(path, input, decoder, position, isEmitted)
    }
  }
  const open = (isMine?: MessageFilter): Source<StreamMessage, number, string, FilePosition> => {
    const source = new FileSource(OWNER, paths, readerOf(isMine), options)
    if (start === 'beginning') return source
    if (reaches === undefined) return startingAt(source, true, (path) => offsetOfEnd(path, maxMessageBytes))
    return startingAt(source, false, (path) => offsetBefore({ path, isWanted, reaches }))
  }
  if (options.shares === undefined) return open()
  checkShares(OWNER, options.shares)
  return inShares(options.shares, open)
}

const OWNER = 'streamFile'

/** A source that begins at the offsets that `offsetOf` finds, or at the beginnings of files. */
function startingAt(
  source: FileSource<StreamMessage>,
  isEnd: boolean,
  offsetOf: (path: string) => Promise<number | undefined>,
): Source<StreamMessage, number, string, FilePosition> {
  return {
    time: source.time,
    discoveryMs: source.discoveryMs,
    listPartitions: () => source.listPartitions(),
    async openPartition(path: string, state: FilePosition | undefined, context: SourceContext) {
      // Of a file that is new, the end was its beginning.
      const isSought = state === undefined && !(isEnd && context.discovered === true)
      const offset = isSought ? await offsetOf(path) : undefined
      return await source.openPartition(path, offset === undefined ? state : { ...FILE_START, offset }, context)
    },
  }
}

/** Lets messages pass from the first one that reaches what is looked for. */
function beginning(reaches: ((message: StreamMessage) => boolean) | undefined): MessageFilter {
  let hasBegun = reaches === undefined
  return (message) => {
    hasBegun ||= reaches?.(message) === true
    return hasBegun
  }
}

/** What a message has to have to be the first one; `undefined` where any may be. */
function reachesOf(start: StreamFileStart): StreamFileSeek['reaches'] | undefined {
  if (start === 'beginning' || start === 'end') return undefined
  if (typeof start === 'object' && 'sequence' in start && typeof start.sequence === 'bigint')
    return ({ sequence }) => sequence >= start.sequence
  if (typeof start === 'object' && 'timestamp' in start && Number.isFinite(start.timestamp))
    return ({ timestamp }) => timestamp >= start.timestamp
  throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${OWNER}: start is 'beginning', 'end', { sequence: 5n } or { timestamp: 0 }.`)
}

async function headerOf(
  path: string,
  maxMessageBytes: number,
  openBeginning: Parameters<FileReader<unknown>>[3],
): Promise<StreamFileHeader> {
  const input = await openBeginning()
  try {
    const decoder = new StreamFileDecoder({ path, maxMessageBytes, offset: 0 })
    while (decoder.header === undefined) {
      const chunk = input.take()
      if (chunk !== undefined) {
        decoder.push(chunk)
        decoder.readHeader()
      } else if (input.ended) throw damaged(path, 0, 'it is shorter than its header')
      else await input.ready()
    }
    return decoder.header
  } finally {
    await input.close()
  }
}
