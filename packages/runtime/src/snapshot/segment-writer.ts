import { ByteWriter } from '../codec/byte-writer.ts'
import type { ColumnMemory } from '../codec/column-memory.ts'
import { encodeColumnsTo } from '../codec/columns.ts'
import { sealInto } from './checksum.ts'
import type { SegmentRef } from './snapshot.ts'

/** Blocks are gathered until an object has so many bytes. */
const SEGMENT_BYTES_MIN = 768 * 1_024

/** Bytes on their way to the store before encoding pauses. */
const UNDER_WAY_BYTES_MAX = 16 * 1_024 * 1_024

export interface SegmentWriterOptions {
  readonly scope: string
  /** What all paths begin with. */
  readonly path: string
  /** Puts with a deadline. */
  put(path: string, bytes: Uint8Array): Promise<void>
  /** Deletes with a deadline. */
  remove(paths: readonly string[]): Promise<void>
  /** Memory that is used again: new memory for every segment would bring long pauses for its collection. */
  readonly buffers: ByteWriter[]
  /** What was learned about the columns from earlier blocks. */
  readonly memory: ColumnMemory
  /** There is room again. */
  wake(): void
  failed(error: unknown): void
}

/** Gathers encoded blocks to segments and puts them into the store, several at a time. */
export class SegmentWriter {
  readonly #options: SegmentWriterOptions
  readonly #segments: SegmentRef[] = []
  readonly #puts: Promise<void>[] = []
  #writer: ByteWriter
  #rows = 0
  #underWayBytes = 0

  constructor(options: SegmentWriterOptions) {
    this.#options = options
    this.#writer = options.buffers.pop() ?? new ByteWriter()
  }

  /** Whether so much is under way that nothing should be added now. */
  get full(): boolean {
    return this.#underWayBytes >= UNDER_WAY_BYTES_MAX
  }

  add(columns: readonly ArrayLike<unknown>[], rows: number): void {
    sealInto(this.#writer, () => encodeColumnsTo(this.#writer, columns, rows, this.#options.memory))
    this.#rows += rows
    if (this.#writer.length >= SEGMENT_BYTES_MIN) this.#put()
  }

  /** All segments, once they are durable. */
  async finish(): Promise<readonly SegmentRef[]> {
    if (this.#writer.length > 0) this.#put()
    this.#options.buffers.push(this.#writer)
    await this.durable()
    return this.#segments
  }

  /** Removes what was put. */
  async abandon(): Promise<void> {
    this.#writer.clear()
    this.#options.buffers.push(this.#writer)
    await this.durable()
    if (this.#segments.length > 0) await this.#options.remove(this.#segments.map(({ path }) => path))
  }

  /** Resolves when everything that was put is durable. */
  async durable(): Promise<void> {
    await Promise.all(this.#puts)
  }

  #put(): void {
    const { scope, put, wake, failed, buffers } = this.#options
    const path = `${this.#options.path}-${this.#segments.length}`
    const writer = this.#writer
    const bytes = writer.view(0, writer.length)
    this.#segments.push({ scope, path, bytes: bytes.length, rows: this.#rows })
    this.#writer = buffers.pop() ?? new ByteWriter()
    this.#rows = 0
    this.#underWayBytes += bytes.length
    const done = put(path, bytes).then(() => {
      this.#underWayBytes -= bytes.length
      // Nobody reads it any more.
      writer.clear()
      buffers.push(writer)
      wake()
    })
    // Heard of at once, not only when all is encoded.
    done.catch(failed)
    this.#puts.push(done)
  }
}
