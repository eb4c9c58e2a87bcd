import { pipeline, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { type ErrorContext, MalstromError, messageOf } from '@malstrom/core'
import { fileError } from '../file-error.ts'
import type { ByteInput } from './byte-input.ts'
import { lostError } from './file-options.ts'
import type { OpenFile } from './open-file.ts'
import { StreamInput } from './stream-input.ts'
import { zstdDecompressed } from './zstd.ts'

const READ_BYTES = 128 * 1024

/** How a file is packed. No text in UTF-8 begins with either of these bytes. */
export function compressionOf({ head }: OpenFile): 'gzip' | 'zstd' | undefined {
  if (head.subarray(0, GZIP_MAGIC.length).equals(GZIP_MAGIC)) return 'gzip'
  return head.subarray(0, ZSTD_MAGIC.length).equals(ZSTD_MAGIC) ? 'zstd' : undefined
}

/** What a compressed file unpacks to, from `offset` on. There is no way into the middle, so what comes before is unpacked too. */
export class CompressedInput implements ByteInput {
  readonly #path: string
  readonly #context: ErrorContext
  readonly #packed: Readable
  readonly #unpacked: Readable
  readonly #input: StreamInput
  readonly #offset: number
  #skipBytes: number

  private constructor(file: OpenFile, offset: number, packed: Readable, unpacked: Readable, context: ErrorContext) {
    this.#path = file.path
    this.#context = context
    this.#packed = packed
    this.#unpacked = unpacked
    this.#offset = offset
    this.#skipBytes = offset
    this.#input = new StreamInput(unpacked, file.path, context)
  }

  /** Closes `file` in the end. */
  static async open(file: OpenFile, compression: 'gzip' | 'zstd', offset: number, context: ErrorContext): Promise<CompressedInput> {
    const packed = file.handle.createReadStream({ start: 0, highWaterMark: READ_BYTES })
    // A failure of either stream ends both, and `StreamInput` hears of it.
    const unpacked = compression === 'gzip' ? pipeline(packed, createGunzip(), () => {}) : zstdDecompressed(packed)
    return new CompressedInput(file, offset, packed, unpacked, context)
  }

  get ended(): boolean {
    return this.#input.ended
  }

  take(): Uint8Array | undefined {
    try {
      for (;;) {
        const bytes = this.#input.take()
        if (bytes === undefined) {
          if (this.#input.ended && this.#skipBytes > 0) throw this.#tooShort()
          return undefined
        }
        const skipped = Math.min(bytes.length, this.#skipBytes)
        this.#skipBytes -= skipped
        if (skipped < bytes.length) return bytes.subarray(skipped)
      }
    } catch (thrown) {
      throw this.#explain(thrown)
    }
  }

  async ready(): Promise<void> {
    try {
      await this.#input.ready()
    } catch (thrown) {
      throw this.#explain(thrown)
    }
  }

  close(): void {
    this.#input.close()
    // What is still on its way is of no interest, and neither is its failure.
    for (const stream of [this.#unpacked, this.#packed]) stream.on('error', ignoreError).destroy()
  }

  #tooShort(): MalstromError {
    const unpackedBytes = this.#offset - this.#skipBytes
    const problem = `the job has read ${this.#offset} bytes of what it unpacks to, but it unpacks to only ${unpackedBytes}.`
    return lostError(this.#path, problem, this.#context)
  }

  #explain(thrown: unknown): MalstromError {
    const cause = thrown instanceof MalstromError ? thrown.cause : thrown
    if (cause === undefined) return thrown as MalstromError
    const isSystemError = cause instanceof Error && 'syscall' in cause
    const problem = new Error(`it cannot be unpacked (${messageOf(cause)}): it is damaged, cut off, or still being written`, { cause })
    return fileError('read', this.#path, isSystemError ? cause : problem, this.#context)
  }
}

const GZIP_MAGIC = Buffer.from([0x1f, 0x8b])
const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])

function ignoreError(): void {}
