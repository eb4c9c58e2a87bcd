import { type FileHandle, open } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type ErrorContext, MalstromError, messageOf } from '@malstrom/core'
import { KeyWindow } from './key-window.ts'
import { readSegmentFile, removeSegmentFile, type SegmentFile, segmentFiles, segmentName, syncDirectory } from './segment-files.ts'
import { entryBytes, headBytes, type LogEntry } from './segment-format.ts'

export interface RecordLogOptions {
  readonly directory: string
  /** After how many bytes a new segment begins. */
  readonly segmentBytes: number
  /** How many idempotency keys are remembered. */
  readonly keysMax: number
  readonly context: ErrorContext
  /** Called once, if the log cannot be written or cleared. */
  readonly failed: (error: MalstromError) => void
}

interface Appending {
  readonly entry: LogEntry
  readonly bytes: Buffer
  readonly durable: () => void
}

/**
 * Records on the disk until they are in a durable snapshot: an append-only log in segments.
 *
 *     append (memory) -> write -> fdatasync -> durable() ; requests that come meanwhile share the next write
 *
 * Every opening begins a segment of its own, so nothing is ever written behind an entry that a crash cut off. A segment
 * begins with the idempotency keys of those before it and can outlive them. The last one is never deleted: it tells where
 * the log ends.
 */
export class RecordLog {
  /** The number that the next record gets. */
  next: number
  /** The keys of what is durable. */
  readonly keys: KeyWindow
  readonly #options: RecordLogOptions
  readonly #directory: string
  #segments: SegmentFile[]
  #bytes: number
  #file: FileHandle | undefined
  #fileBytes = 0
  #waiting: Appending[] = []
  #working: Promise<void> | undefined
  #removing: Promise<void> = Promise.resolve()
  #failure: MalstromError | undefined
  #isClosed = false

  private constructor(options: RecordLogOptions, segments: SegmentFile[], next: number, keys: KeyWindow) {
    this.#options = options
    this.#directory = resolve(options.directory)
    this.#segments = segments
    this.#bytes = segments.reduce((sum, { bytes }) => sum + bytes, 0)
    this.next = next
    this.keys = keys
  }

  static async open(options: RecordLogOptions): Promise<RecordLog> {
    const directory = resolve(options.directory)
    try {
      const segments = await segmentFiles(directory)
      const keys = new KeyWindow(options.keysMax)
      const next = await readEnd(directory, segments, keys)
      return new RecordLog(options, segments, next, keys)
    } catch (thrown) {
      throw fileError('opened', directory, thrown, options.context)
    }
  }

  /** Of all segments. */
  get bytes(): number {
    return this.#bytes
  }

  /** The oldest record that is still there. */
  get first(): number {
    return this.#segments[0]?.first ?? this.next
  }

  /** The entries from the record `position` on, a segment at a time. */
  async *read(position: number): AsyncGenerator<readonly LogEntry[], void> {
    const segments = this.#segments.slice()
    let expected = position
    for (const [index, file] of segments.entries()) {
      const end = segments[index + 1]?.first ?? this.next
      if (end <= expected) continue
      const entries: LogEntry[] = []
      for (const entry of (await readSegmentFile(this.#directory, file))?.entries ?? []) {
        if (entry.first + entry.values.length <= expected) continue
        if (entry.first > expected) throw this.#gap(expected, entry.first)
        entries.push(entry)
        expected = entry.first + entry.values.length
      }
      if (expected < end) throw this.#gap(expected, end)
      yield entries
    }
    if (expected < this.next) throw this.#gap(expected, this.next)
  }

  /** Appends an entry whose `first` is `next`. `durable` is called when it is safe, in the order of the entries; never if the log fails. */
  append(entry: LogEntry, durable: () => void): void {
    if (this.#failure !== undefined || this.#isClosed) return
    const bytes = entryBytes(entry)
    this.next = entry.first + entry.values.length
    this.#bytes += bytes.length
    this.#waiting.push({ entry, bytes, durable })
    this.#working ??= this.#write()
  }

  /** Deletes segments of which every record lies before `position`. */
  remove(position: number): void {
    const count = this.#segments.findIndex((_, index) => (this.#segments[index + 1]?.first ?? Number.POSITIVE_INFINITY) > position)
    if (count <= 0) return
    const gone = this.#segments.slice(0, count)
    this.#segments = this.#segments.slice(count)
    this.#bytes -= gone.reduce((sum, { bytes }) => sum + bytes, 0)
    this.#removing = this.#removing
      .then(async () => {
        for (const file of gone) await removeSegmentFile(this.#directory, file)
      })
      .catch((thrown) => this.#fail(thrown))
  }

  /** Writes what was appended, and closes. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#working
    await this.#removing
    await this.#file?.close()
    this.#file = undefined
  }

  /** Never rejects. */
  async #write(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const file = await this.#segment()
        const batch = this.#waiting.splice(0)
        const bytes = batch.map((appending) => appending.bytes)
        const length = bytes.reduce((sum, part) => sum + part.length, 0)
        const { bytesWritten } = await file.writev(bytes)
        if (bytesWritten !== length) throw new Error(`${bytesWritten} of ${length} bytes were written`)
        await file.datasync()
        this.#grow(length)
        for (const { entry, durable } of batch) {
          if (entry.key !== undefined) this.keys.add(entry.key)
          durable()
        }
      }
    } catch (thrown) {
      this.#fail(thrown)
    }
    this.#working = undefined
  }

  #grow(length: number): void {
    this.#fileBytes += length
    const last = this.#segments.at(-1) as SegmentFile
    this.#segments[this.#segments.length - 1] = { ...last, bytes: this.#fileBytes }
  }

  async #segment(): Promise<FileHandle> {
    if (this.#file !== undefined && this.#fileBytes < this.#options.segmentBytes) return this.#file
    await this.#file?.close()
    this.#file = undefined
    const first = this.#waiting[0]?.entry.first ?? this.next
    const ordinal = (this.#segments.at(-1)?.ordinal ?? 0) + 1
    const name = segmentName(first, ordinal)
    const file = await open(join(this.#directory, name), 'wx', 0o600)
    this.#file = file
    const head = headBytes({ first, keys: this.keys.list() })
    await file.write(head)
    await syncDirectory(this.#directory)
    this.#fileBytes = head.length
    this.#bytes += head.length
    this.#segments.push({ name, first, ordinal, bytes: head.length })
    return file
  }

  #gap(expected: number, found: number): MalstromError {
    const message =
      `The log in ${this.#directory} goes on at record ${found}, and ${expected} is to be read: records are missing. ` +
      'Bring back the files of the log, or start without the saved state.'
    return new MalstromError('ERR_DATA_CORRUPT', message, { context: this.#options.context })
  }

  #fail(thrown: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = fileError('written', this.#directory, thrown, this.#options.context)
    this.#options.failed(this.#failure)
  }
}

/** Where the log ends. The last segment with a whole head knows the keys; behind it nothing was ever acknowledged but its entries. */
async function readEnd(directory: string, files: readonly SegmentFile[], keys: KeyWindow): Promise<number> {
  for (const file of files.toReversed()) {
    const segment = await readSegmentFile(directory, file)
    if (segment === undefined) continue
    for (const key of segment.head.keys) keys.add(key)
    for (const { key } of segment.entries) if (key !== undefined) keys.add(key)
    const last = segment.entries.at(-1)
    return last === undefined ? segment.head.first : last.first + last.values.length
  }
  return 0
}

function fileError(task: string, directory: string, thrown: unknown, context: ErrorContext): MalstromError {
  if (thrown instanceof MalstromError) return thrown
  const message = `The log of accepted records in ${directory} cannot be ${task}: ${messageOf(thrown)}. Check the folder, its rights and the space on its disk.`
  return new MalstromError('ERR_FILE', message, { context, cause: thrown })
}
