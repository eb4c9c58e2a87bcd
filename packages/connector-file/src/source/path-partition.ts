import { type ErrorContext, type SourceOutput, type SourcePartition, type SourceStatus, WakeUp } from '@malstrom/core'
import { fileError } from '../file-error.ts'
import type { ByteInput } from './byte-input.ts'
import { CompressedInput, compressionOf } from './compressed-input.ts'
import { FileInput } from './file-input.ts'
import type { FileSettings } from './file-options.ts'
import { FILE_START, type FilePosition } from './file-position.ts'
import { FileTail } from './file-tail.ts'
import { type LocatedFile, locateFile } from './locate-file.ts'
import { identityOf, type OpenFile, openFile, openFileIfThere } from './open-file.ts'
import type { RecordOrigin } from './record-parser.ts'
import { openRotatedAfter, type ReadFile } from './rotated-file.ts'

/** Reads what one kind of file holds. `beginning` opens the same file again, at its beginning. */
export type FileReader<V> = (
  input: ByteInput,
  start: FilePosition,
  origin: RecordOrigin,
  beginning: () => Promise<ByteInput>,
) => Promise<FileRecords<V>>

export interface FileRecords<V> extends SourcePartition<V, number, FilePosition> {
  /** The file says that nothing will be added to it. */
  readonly isComplete?: boolean
}

export interface PathPartitionOptions<V> {
  readonly path: string
  readonly reader: FileReader<V>
  readonly settings: FileSettings
  readonly context: ErrorContext
}

/** One file while it is read. */
interface CurrentFile<V> {
  readonly records: FileRecords<V>
  readonly input: FileInput | CompressedInput
  readonly file: OpenFile
  /** Nothing is read after it. */
  readonly isLast: boolean
}

/** The records of the file at a path, and then of the files that come to have this path after it. */
export class PathPartition<V> implements SourcePartition<V, number, FilePosition> {
  readonly #options: PathPartitionOptions<V>
  readonly #wakeUp = new WakeUp()
  #current: CurrentFile<V> | undefined
  /** Where reading stands while no file is open. */
  #between: FilePosition = FILE_START
  #timer: NodeJS.Timeout | undefined
  #opening: Promise<void> | undefined
  #isFinished = false
  #isClosed = false
  #failure: unknown

  private constructor(options: PathPartitionOptions<V>) {
    this.#options = options
  }

  static async open<V>(options: PathPartitionOptions<V>, state: FilePosition | undefined): Promise<PathPartition<V>> {
    const partition = new PathPartition(options)
    const { path, settings, context } = options
    try {
      const located = await locateFile(path, state, settings, context)
      if (located.file !== undefined) partition.#current = await partition.#read(located.file, located)
      else if (settings.follow || located.start.finished !== true) partition.#openNext(located.start)
      else partition.#finishAt(located.start)
    } catch (thrown) {
      throw fileError('read', path, thrown, context)
    }
    return partition
  }

  poll(output: SourceOutput<V, number>, limit: number): SourceStatus {
    if (this.#failure !== undefined) throw this.#failure
    const current = this.#current
    if (current === undefined) return this.#isFinished ? 'finished' : 'idle'
    const status = current.records.poll(output, limit)
    if (status === 'more') return status
    if (status === 'idle') {
      // Its last line has no end, and will never have one.
      if (current.input instanceof FileInput && current.input.rewritten) this.#startOver(current)
      return status
    }
    this.#isFinished = current.isLast || current.records.isComplete === true
    if (!this.#isFinished) this.#goOn(current)
    return this.#isFinished ? 'finished' : 'idle'
  }

  async ready(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#isClosed || this.#isFinished) return
    await (this.#current?.records.ready() ?? this.#wakeUp.wait())
  }

  snapshot(): FilePosition {
    if (this.#current === undefined) return this.#between
    const { records, file, input } = this.#current
    const read = records.snapshot()
    const identity = identityOf(file, input instanceof FileInput ? read.offset : file.size)
    const position = identity === undefined ? read : { ...read, file: identity }
    return this.#isFinished ? { ...position, finished: true } : position
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#wakeUp.wake()
    await this.#opening
    await this.#current?.records.close()
  }

  #finishAt(position: FilePosition): void {
    this.#between = position
    this.#isFinished = true
  }

  /** Leaves a file of which everything was read for the next one that has come to have the path. */
  #goOn(current: CurrentFile<V>): void {
    const position: FilePosition = { ...this.snapshot(), finished: true }
    this.#current = undefined
    this.#openNext(position, current)
  }

  /** Leaves a file that was truncated for what it has now. */
  #startOver(current: CurrentFile<V>): void {
    const { index } = current.records.snapshot()
    this.#current = undefined
    void Promise.resolve(current.records.close()).catch(() => {}) // What it had is gone.
    this.#openNext({ ...FILE_START, index })
  }

  /** Meanwhile reading stands at `position`. */
  #openNext(position: FilePosition, before?: CurrentFile<V>): void {
    this.#between = position
    this.#opening = this.#tryNext(position.index, before)
  }

  /** Never rejects: a failure is kept for `poll`. */
  async #tryNext(index: number, before?: CurrentFile<V>): Promise<void> {
    const { path, settings, context } = this.#options
    try {
      const next = await this.#openAfter(before).finally(() => before?.records.close())
      if (this.#isClosed) await next?.file.handle.close()
      else if (next !== undefined) this.#current = await this.#read(next.file, { start: { ...FILE_START, index }, hasPath: next.hasPath })
      else if (settings.follow) {
        this.#timer = setTimeout(() => {
          this.#opening = this.#tryNext(index)
        }, settings.pollIntervalMs)
        return
      } else this.#isFinished = true
      this.#wakeUp.wake()
    } catch (thrown) {
      this.#failure = fileError('read', path, thrown, context)
      this.#wakeUp.fail(this.#failure)
    }
  }

  /** The file that had the path after `before`. */
  async #openAfter(before: CurrentFile<V> | undefined): Promise<{ readonly file: OpenFile; readonly hasPath: boolean } | undefined> {
    const { path } = this.#options
    const file = await openFileIfThere(path)
    // Looked for after that, so that no file can be rotated away unseen in between.
    const rotated = before === undefined ? undefined : await openRotatedAfter(path, await readFileOf(before))
    if (rotated === undefined) return file === undefined ? undefined : { file, hasPath: true }
    await file?.handle.close()
    return { file: rotated, hasPath: false }
  }

  async #read(file: OpenFile, { start, hasPath }: Omit<LocatedFile, 'file'>): Promise<CurrentFile<V>> {
    const { path, reader, settings, context } = this.#options
    const origin: RecordOrigin = { path: file.path, context }
    try {
      const compression = compressionOf(file)
      const isFollowed = settings.follow && hasPath && compression === undefined && file.inode !== undefined
      const tail = isFollowed ? new FileTail(path, file.inode as string, settings, context) : undefined
      const input = await this.#inputOf(file, start.offset, tail)
      try {
        const records = await reader(input, start, origin, () => this.#beginningOf(file.path))
        return { records, input, file, isLast: hasPath && !isFollowed }
      } catch (thrown) {
        await input.close()
        throw thrown
      }
    } catch (thrown) {
      await file.handle.close()
      throw thrown
    }
  }

  async #inputOf(file: OpenFile, offset: number, tail?: FileTail): Promise<FileInput | CompressedInput> {
    const { context } = this.#options
    const compression = compressionOf(file)
    if (compression === undefined) return new FileInput(file, offset, context, tail)
    return await CompressedInput.open(file, compression, offset, context)
  }

  async #beginningOf(path: string): Promise<ByteInput> {
    return await this.#inputOf(await openFile(path), 0)
  }
}

async function readFileOf({ file, input }: CurrentFile<unknown>): Promise<ReadFile> {
  // It may have been written to since it was opened; a compressed one is closed by now, and is not written to.
  const { mtimeNs } = input instanceof FileInput ? await file.handle.stat({ bigint: true }) : { mtimeNs: file.writtenAtNs }
  return { inode: String(file.inode), writtenAtNs: mtimeNs }
}
