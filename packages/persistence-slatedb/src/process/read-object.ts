import type { DbIterator, KeyRange, ReadOptions, ScanOptions } from '@slatedb/uniffi'
import { ProcessError } from './failure.ts'
import type { Page, StoredObject } from './messages.ts'
import { chunkKeys, decodeHeader, headerKey, headerRange, pathOfKey } from './object-header.ts'

/** Paths in an answer, at most. */
const PAGE_PATHS = 1_000

const ATTEMPTS_MAX = 100

// Only what is durable is there. Where things are is kept in memory, and headers; not content, which is read once, when a job starts.
const headerRead: ReadOptions = { durability_filter: 'Remote', dirty: false, cache_blocks: true }
const contentRead: ReadOptions = { ...headerRead, cache_blocks: false }
const scan: ScanOptions = { ...headerRead, read_ahead_bytes: 1 << 16, max_fetch_tasks: 1, order: 'Ascending' }

/** What a database that is open and a reader of one have in common. */
export interface Readable {
  get_with_options(key: Uint8Array, options: ReadOptions): Promise<Uint8Array | undefined>
  scan_with_options(range: KeyRange, options: ScanOptions): Promise<DbIterator>
}

export async function readObject(database: Readable, path: string): Promise<StoredObject | undefined> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const value = await database.get_with_options(headerKey(path), headerRead)
    if (value === undefined) return undefined
    const header = decodeHeader(path, value)
    if (header.inline !== undefined) return { bytes: Uint8Array.from(header.inline), etag: header.token }
    const chunks = await Promise.all(chunkKeys(header).map((key) => database.get_with_options(key, contentRead)))
    // Chunks go with their object: it was replaced or deleted since its header was read.
    if (chunks.includes(undefined)) continue
    const bytes = new Uint8Array(header.length)
    let end = 0
    for (const chunk of chunks as Uint8Array[]) {
      bytes.set(chunk, end)
      end += chunk.length
    }
    if (end !== header.length) throw new ProcessError('Corrupt', `"${path}" has ${end} bytes instead of ${header.length}.`)
    return { bytes, etag: header.token }
  }
  throw new ProcessError('Corrupt', `"${path}" has lost a part, or was replaced ${ATTEMPTS_MAX} times while it was read.`)
}

export async function readPage(database: Readable, prefix: string, after: string | undefined): Promise<Page> {
  const iterator = await database.scan_with_options(headerRange(prefix, after), scan)
  try {
    const paths: string[] = []
    while (paths.length < PAGE_PATHS) {
      const entry = await iterator.next()
      if (entry === undefined) return { paths, more: false }
      paths.push(pathOfKey(entry.key))
    }
    return { paths, more: true }
  } finally {
    iterator.dispose()
  }
}
