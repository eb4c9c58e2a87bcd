import { MalstromError, messageOf, type Sink } from '@malstrom/core'
import { checkPaths } from '../check-options.ts'
import { excerpt } from '../excerpt.ts'
import type { WrittenLength } from './file-partition.ts'
import { FileSink } from './file-sink.ts'

export interface ToFileOptions<V = unknown, K = unknown, T = unknown> {
  /** The line of a record, without a line end. @default strings as they are, everything else as JSON */
  readonly format?: (value: V, key: K, timestamp: T) => string
  /** Write after what the file holds. A restart before the first snapshot writes its records again. @default false */
  readonly append?: boolean
  /** Replace a file that exists; otherwise it is refused with `ERR_FILE`. @default false */
  readonly overwrite?: boolean
}

/**
 * Writes one line per record to a file, which is created together with its directories.
 *
 * A snapshot holds the length of the file. A restart cuts the file to that length and goes on, so in
 * the end it has every record once; who reads it while the job runs may see lines that a restart
 * takes back. A restart that finds a file no snapshot knows moves it aside, to
 * `<path>.before-generation-<n>`. What is flushed has been synced to the disk.
 */
export function toFile<V, K, T>(path: string, options: ToFileOptions<V, K, T> = {}): Sink<V, K, T, string, WrittenLength> {
  checkPaths('toFile', path)
  return new FileSink('toFile', () => path, options.format ?? lineOf, options)
}

/** Like `toFile`, with every record as JSON, strings too. */
export function toNdjsonFile<V, K, T>(
  path: string,
  options: Omit<ToFileOptions<V, K, T>, 'format'> = {},
): Sink<V, K, T, string, WrittenLength> {
  checkPaths('toNdjsonFile', path)
  return new FileSink('toNdjsonFile', () => path, jsonOf, options)
}

/**
 * Like `toFile`, to the file that `pathOf` names for each record. `pathOf` must be pure. A file stays
 * open until the job ends, so there should be hundreds of files and not millions.
 */
export function toFiles<V, K, T>(
  pathOf: (value: V, key: K, timestamp: T) => string,
  options: ToFileOptions<V, K, T> = {},
): Sink<V, K, T, string, WrittenLength> {
  return new FileSink('toFiles', pathOf, options.format ?? lineOf, options)
}

function lineOf(value: unknown): string {
  return typeof value === 'string' ? value : jsonOf(value)
}

function jsonOf(value: unknown): string {
  try {
    const json: string | undefined = JSON.stringify(value)
    if (json !== undefined) return json
  } catch (cause) {
    throw new MalstromError('ERR_RECORD_INVALID', `A record cannot be written as JSON: ${messageOf(cause)}. ${FORMAT_HINT}`, { cause })
  }
  throw new MalstromError('ERR_RECORD_INVALID', `A record cannot be written as JSON: it is ${excerpt(String(value))}. ${FORMAT_HINT}`)
}

const FORMAT_HINT = 'Map it to plain data before, or use toFile with a format.'
