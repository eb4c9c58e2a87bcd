import type { RawEntry } from './entry-feed.ts'

/** About how much one read may bring. */
export const READ_BYTES = 4 * 1024 * 1024
/** The first read finds out how large the entries are. */
const FIRST_RECORDS = 64

/** How many entries to ask for, so that large ones do not fill the memory: Redis counts entries and not bytes. */
export class ReadSize {
  readonly #recordsMax: number
  #records: number

  constructor(recordsMax: number) {
    this.#recordsMax = recordsMax
    this.#records = Math.min(recordsMax, FIRST_RECORDS)
  }

  get records(): number {
    return this.#records
  }

  /** The next entries are taken to be as large as these. */
  read(entries: readonly RawEntry[]): void {
    let bytes = 0
    for (const [, fields] of entries) if (fields !== null) for (const field of fields) bytes += field.length
    if (entries.length === 0) return
    const fitting = Math.floor((READ_BYTES * entries.length) / Math.max(1, bytes))
    this.#records = Math.max(1, Math.min(this.#recordsMax, fitting))
  }
}
