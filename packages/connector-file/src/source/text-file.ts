import type { Source } from '@malstrom/core'
import type { FileOptions } from './file-options.ts'
import type { FilePosition } from './file-position.ts'
import { FileSource, type Paths } from './file-source.ts'
import { type LineOptions, lineFormat } from './line-parser.ts'
import { recordReader } from './record-reader.ts'

/**
 * The lines of UTF-8 text files, without `\n` or `\r\n`. A last line without a line end counts, and
 * a byte order mark does not.
 *
 * Each file is a partition and is read once, to the end it has then, or with `follow` for ever. Files
 * may be compressed with gzip or zstd. Timestamps are record numbers that count from 0 in each file.
 * The position is a byte offset, so a restart continues exactly, if the file has not changed before
 * it. Unreadable files are `ERR_FILE`, bytes that are not UTF-8 `ERR_RECORD_INVALID`.
 */
export function textFile(paths: Paths, options: LineOptions & FileOptions = {}): Source<string, number, string, FilePosition> {
  return new FileSource('textFile', paths, recordReader(lineFormat('textFile', options)), options)
}
