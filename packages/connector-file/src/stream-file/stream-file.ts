import { MalstromError, type Source } from '@malstrom/core'
import { checkByteBound } from '../check-options.ts'
import type { FileOptions } from '../source/file-options.ts'
import type { FilePosition } from '../source/file-position.ts'
import { FileSource, type Paths } from '../source/file-source.ts'
import type { FileReader } from '../source/path-partition.ts'
import { checkStreamKeys, type StreamMessage } from '../stream/stream-message.ts'
import { damaged, type StreamFileHeader } from './format.ts'
import { MESSAGE_BYTES_MAX, StreamFileDecoder } from './stream-file-decoder.ts'
import { type MessageFilter, StreamFilePartition } from './stream-file-partition.ts'

export interface StreamFileOptions extends FileOptions {
  /** Only messages of these streams. @default all streams */
  readonly keys?: readonly string[]
  /**
   * Where a job begins that has no saved state: at the first message, or at the first with at least this sequence, or
   * with at least this timestamp, in milliseconds since 1970. What comes after it is emitted, whatever it has.
   * @default 'beginning'
   */
  readonly start?: 'beginning' | { readonly sequence: bigint } | { readonly timestamp: number }
  /** The most bytes the payload of a message may have. More is `ERR_RECORD_TOO_LARGE`. @default 16 MiB */
  readonly maxMessageBytes?: number
}

/**
 * The messages of stream files in the format of SeaStreamer (`.ss`, version 1).
 *
 * Each file is a partition. It is read to its end, or with `follow` until the mark of the end of the stream. Timestamps
 * of records are the numbers of messages, from 0; assign those of the messages if they matter. The position is a byte
 * offset, so a restart continues exactly. Every checksum is verified: what is wrong is `ERR_RECORD_INVALID` after the
 * messages before it, and so is a file that ends in the middle of a message and is not followed.
 */
export function streamFile(paths: Paths, options: StreamFileOptions = {}): Source<StreamMessage, number, string, FilePosition> {
  const keys = checkStreamKeys(OWNER, options.keys)
  const maxMessageBytes = checkByteBound(OWNER, 'maxMessageBytes', options.maxMessageBytes ?? MESSAGE_BYTES_MAX)
  const hasBegun = beginning(options.start ?? 'beginning')
  const reader: FileReader<StreamMessage> = async (input, start, { path }, openBeginning) => {
    const header = start.offset > 0 ? await headerOf(path, maxMessageBytes, openBeginning) : undefined
    const decoder = new StreamFileDecoder({ path, maxMessageBytes, offset: start.offset, header })
    // A position after the beginning is one at which the job has begun.
    const isAfterStart = start.index > 0 ? () => true : hasBegun()
    return new StreamFilePartition(path, input, decoder, start, (message) => (keys?.has(message.key) ?? true) && isAfterStart(message))
  }
  return new FileSource(OWNER, paths, reader, options)
}

const OWNER = 'streamFile'

/** Makes filters that let messages pass from the one that `start` names on. */
function beginning(start: NonNullable<StreamFileOptions['start']>): () => MessageFilter {
  if (start === 'beginning') return () => () => true
  const reaches = reachesOf(start)
  return () => {
    let hasBegun = false
    return (message) => {
      hasBegun ||= reaches(message)
      return hasBegun
    }
  }
}

function reachesOf(start: { readonly sequence: bigint } | { readonly timestamp: number }): MessageFilter {
  if (typeof start === 'object' && 'sequence' in start && typeof start.sequence === 'bigint')
    return ({ sequence }) => sequence >= start.sequence
  if (typeof start === 'object' && 'timestamp' in start && Number.isFinite(start.timestamp))
    return ({ timestamp }) => timestamp >= start.timestamp
  throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${OWNER}: start is 'beginning', { sequence: 5n } or { timestamp: 0 }.`)
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
