import type { Source } from '@malstrom/core'
import type { FileOptions } from './file-options.ts'
import type { FilePosition } from './file-position.ts'
import { FileSource, type Paths } from './file-source.ts'
import type { LineOptions } from './line-parser.ts'
import { ndjsonFormat } from './ndjson-parser.ts'
import { recordReader } from './record-reader.ts'

/**
 * The values of newline-delimited JSON files: one JSON text per line, blank lines skipped. A line that
 * is no JSON is `ERR_RECORD_INVALID`. Otherwise like `textFile`.
 *
 * `V` is what you say the lines are; nothing checks it.
 */
export function ndjsonFile<V>(paths: Paths, options: LineOptions & FileOptions = {}): Source<V, number, string, FilePosition> {
  return new FileSource('ndjsonFile', paths, recordReader(ndjsonFormat<V>('ndjsonFile', options)), options)
}
