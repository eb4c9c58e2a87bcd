import { sealed } from './checksum.ts'
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
  /** There is room again. */
  wake(): void
  failed(error: unknown): void
}

/** Gathers encoded blocks to segments and puts them into the store, several at a time. */
export class SegmentWriter {
  readonly #options: SegmentWriterOptions
  readonly #segments: SegmentRef[] = []
  readonly #puts: Promise<void>[] = []
  #blocks: Uint8Array[] = []
  #bytes = 0
  #rows = 0
  #underWayBytes = 0

  constructor(options: SegmentWriterOptions) {
    this.#options = options
  }

  /** Whether so much is under way that nothing should be added now. */
  get full(): boolean {
    return this.#underWayBytes >= UNDER_WAY_BYTES_MAX
  }

  add(block: Uint8Array, rows: number): void {
    const piece = sealed(block)
    this.#blocks.push(piece)
    this.#bytes += piece.length
    this.#rows += rows
    if (this.#bytes >= SEGMENT_BYTES_MIN) this.#put()
  }

  /** All segments, once they are durable. */
  async finish(): Promise<readonly SegmentRef[]> {
    if (this.#blocks.length > 0) this.#put()
    await this.durable()
    return this.#segments
  }

  /** Resolves when everything that was put is durable. */
  async durable(): Promise<void> {
    await Promise.all(this.#puts)
  }

  #put(): void {
    const { scope, put, wake, failed } = this.#options
    const path = `${this.#options.path}-${this.#segments.length}`
    const bytes = joined(this.#blocks, this.#bytes)
    this.#segments.push({ scope, path, bytes: bytes.length, rows: this.#rows })
    this.#blocks = []
    this.#bytes = 0
    this.#rows = 0
    this.#underWayBytes += bytes.length
    const done = put(path, bytes).then(() => {
      this.#underWayBytes -= bytes.length
      wake()
    })
    // Heard of at once, not only when all is encoded.
    done.catch(failed)
    this.#puts.push(done)
  }
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const result = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    result.set(piece, at)
    at += piece.length
  }
  return result
}
