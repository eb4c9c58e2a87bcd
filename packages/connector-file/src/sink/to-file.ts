import { MalstromError, type Sink } from '@malstrom/core'
import { checkPaths } from '../check-options.ts'
import type { WrittenLength } from './file-partition.ts'
import { FileSink } from './file-sink.ts'
import { jsonOf, lineOf } from './line-of.ts'
import type { StagedLength } from './staged-file-partition.ts'
import { StagedFileSink } from './staged-file-sink.ts'

export interface ToFileOptions<V = unknown, K = unknown, T = unknown> {
  /** The line of a record, without a line end. @default strings as they are, everything else as JSON */
  readonly format?: (value: V, key: K, timestamp: T) => string
  /** Write after what the file holds. A restart before the first snapshot writes its records again. @default false */
  readonly append?: boolean
  /** Replace a file that exists; otherwise it is refused with `ERR_FILE`. @default false */
  readonly overwrite?: boolean
  /**
   * `at-least-once`: lines appear as they are written, and a restart may take back the last ones.
   * `exactly-once`: lines appear when the snapshot that they belong to is durable, or at the end of the job, and
   * stay; until then they are in a file beside it, `<path>.staged-<...>`.
   *
   * @default 'at-least-once'
   */
  readonly delivery?: 'at-least-once' | 'exactly-once'
}

/**
 * Writes one line per record to a file, which is created together with its directories.
 *
 * A snapshot holds the length of the file. A restart cuts the file to that length and goes on, so in
 * the end it has every record once; who reads it while the job runs may see lines that a restart
 * takes back. A restart that finds a file no snapshot knows moves it aside, to
 * `<path>.before-generation-<n>`. What is flushed has been synced to the disk.
 */
export function toFile<V, K, T>(path: string, options: ToFileOptions<V, K, T> = {}): FileLines<V, K, T> {
  checkPaths('toFile', path)
  return sinkOf('toFile', () => path, options.format ?? lineOf, options)
}

/** Like `toFile`, with every record as JSON, strings too. */
export function toNdjsonFile<V, K, T>(path: string, options: Omit<ToFileOptions<V, K, T>, 'format'> = {}): FileLines<V, K, T> {
  checkPaths('toNdjsonFile', path)
  return sinkOf('toNdjsonFile', () => path, jsonOf, options)
}

/**
 * Like `toFile`, to the file that `pathOf` names for each record. `pathOf` must be pure. A file stays
 * open until the job ends, so there should be hundreds of files and not millions.
 */
export function toFiles<V, K, T>(
  pathOf: (value: V, key: K, timestamp: T) => string,
  options: ToFileOptions<V, K, T> = {},
): FileLines<V, K, T> {
  return sinkOf('toFiles', pathOf, options.format ?? lineOf, options)
}

/** A sink of lines; what its snapshots hold depends on the delivery. */
export type FileLines<V, K, T> = Sink<V, K, T, string, WrittenLength | StagedLength>

function sinkOf<V, K, T>(
  owner: string,
  pathOf: (value: V, key: K, timestamp: T) => string,
  format: (value: V, key: K, timestamp: T) => string,
  options: Omit<ToFileOptions<V, K, T>, 'format'>,
): FileLines<V, K, T> {
  const { delivery = 'at-least-once' } = options
  if (delivery !== 'at-least-once' && delivery !== 'exactly-once') {
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${owner}: delivery is at-least-once or exactly-once, not ${String(delivery)}.`)
  }
  // The options are checked by the one, and the same for both.
  const plain = new FileSink(owner, pathOf, format, options)
  return (delivery === 'exactly-once' ? new StagedFileSink(pathOf, format, options) : plain) as FileLines<V, K, T>
}
