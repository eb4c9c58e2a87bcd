import type { Source } from '@malstrom/core'
import { type CsvOptions, type CsvRow, csvFormat } from './csv-parser.ts'
import type { FileOptions } from './file-options.ts'
import type { FilePosition } from './file-position.ts'
import { FileSource, type Paths } from './file-source.ts'
import { recordReader } from './record-reader.ts'

/**
 * The records of CSV files as RFC 4180 has them: quoted fields may contain delimiters, line ends and
 * doubled quotes. Empty lines are skipped. All values are strings, as they stand in the file.
 *
 * A record with another number of fields than the others, a quote in the wrong place, or a header
 * with a name twice is `ERR_RECORD_INVALID`. Otherwise like `textFile`.
 */
export function csvFile(
  paths: Paths,
  options?: CsvOptions & FileOptions & { readonly header?: true },
): Source<Record<string, string>, number, string, FilePosition>
/** Without names: each record is an array of its fields. */
export function csvFile(
  paths: Paths,
  options: CsvOptions & FileOptions & { readonly header: false },
): Source<string[], number, string, FilePosition>
/** With names for files that have none. */
export function csvFile<const Name extends string>(
  paths: Paths,
  options: CsvOptions & FileOptions & { readonly header: readonly Name[] },
): Source<Record<Name, string>, number, string, FilePosition>
export function csvFile(paths: Paths, options: CsvOptions & FileOptions = {}): Source<CsvRow, number, string, FilePosition> {
  return new FileSource('csvFile', paths, recordReader(csvFormat('csvFile', options)), options)
}
