import type { ByteBlock } from './byte-block.ts'
import { ByteReader, corrupt } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import type { ColumnView } from './column-content.ts'
import { ColumnMemory } from './column-memory.ts'
import { BlockReader } from './column-reader.ts'
import { BlockWriter } from './column-writer.ts'
import { columnObstacle, explained } from './obstacle.ts'

/** Records from `from` on, before `count`: record `i` has the value `values[start + i]`. */
export interface FrameColumns {
  readonly values: ArrayLike<unknown>
  readonly start: number
  /** `undefined` on streams without keys. */
  readonly keys: ArrayLike<unknown> | undefined
  readonly timestamps: ArrayLike<unknown>
  /** @default 0 */
  readonly from?: number
  readonly count: number
}

/** A frame as it arrives: record `i` has the value `values[i]`. */
export interface DecodedFrame {
  readonly values: unknown[]
  readonly keys: unknown[] | undefined
  readonly timestamps: unknown[]
  readonly count: number
}

/** A frame of which columns of numbers lie in the block that it was read from. */
export interface FrameView {
  readonly values: ColumnView
  readonly keys: ColumnView | undefined
  readonly timestamps: ColumnView
  readonly count: number
}

export interface FrameCodecOptions {
  /** Whether functions may be generated for the frames that pass; they work the same way, and faster. @default true */
  readonly generated?: boolean
}

/** Memory that is kept from one frame to the next. */
const KEPT_BYTES_MAX = 1_024 * 1_024

/** What a frame consists of, in this order; a stream without keys has no column of them. */
const COLUMNS = ['values', 'keys', 'timestamps'] as const

/**
 * Makes frames into bytes, for one exchange: it learns what their columns are like, and takes short
 * ways for that. Every kind of value that `encodeColumns` takes comes back as it was.
 */
export class FrameEncoder {
  readonly #memory: ColumnMemory
  #writer = new ByteWriter()
  #block = new BlockWriter(this.#writer)

  constructor({ generated = true }: FrameCodecOptions = {}) {
    this.#memory = new ColumnMemory(generated)
  }

  /**
   * The records as bytes, with `headroom` bytes in front that are left to the caller. It is a view of
   * memory that the next `encode` uses again.
   *
   * @throws MalstromError `ERR_VALUE_NOT_ENCODABLE`, which names the column, the row and the place in the value.
   */
  encode(frame: FrameColumns, headroom: number): Uint8Array {
    if (this.#writer.bytes.length > KEPT_BYTES_MAX) this.#forgetBytes()
    const writer = this.#writer
    writer.clear()
    const { values, start, keys, timestamps, from = 0, count } = frame
    const rows = count - from
    const first = (headroom + 7) & ~7
    writer.room(first)
    try {
      this.#block.start(keys === undefined ? 2 : 3, rows)
      const memory = this.#memory.inner(0)
      if (keys === undefined) this.#block.write(values, start + from, start + count, memory)
      else this.#block.writeWithKeys(values, start + from, start + count, memory, keys, from, this.#memory.inner(2))
      this.#block.writeQuickly(timestamps, from, count, this.#memory.inner(1))
      this.#block.end()
    } catch (error) {
      throw explained(error, () => frameObstacle(frame))
    }
    // Of a `Buffer`, `slice` would be no copy.
    return new Uint8Array(writer.bytes.buffer, first - headroom, writer.length - first + headroom)
  }

  #forgetBytes(): void {
    this.#writer = new ByteWriter()
    this.#block = new BlockWriter(this.#writer)
  }
}

function frameObstacle({ values, start, keys, timestamps, from = 0, count }: FrameColumns): string | undefined {
  return (
    columnObstacle(values, start + from, start + count, COLUMNS[0]) ??
    (keys === undefined ? undefined : columnObstacle(keys, from, count, COLUMNS[1])) ??
    columnObstacle(timestamps, from, count, COLUMNS[2])
  )
}

const sharedReader = new ByteReader()

/** Makes bytes into frames again. The bytes may be anything: they are checked. */
export class FrameDecoder {
  readonly #block: BlockReader

  constructor({ generated = true }: FrameCodecOptions = {}) {
    this.#block = new BlockReader(sharedReader, generated)
  }

  /**
   * The frame in `bytes` from `offset` on, to their end; nothing of it refers to `bytes`.
   *
   * @throws MalstromError `ERR_DATA_CORRUPT` for bytes that no encoder has written.
   */
  decode(bytes: Uint8Array, offset: number): DecodedFrame {
    sharedReader.open(bytes, offset)
    return this.#columns((count) => this.#block.read(count))
  }

  /**
   * The frame in `memory` from `offset` on, a multiple of 8. It is valid as long as nobody writes there.
   *
   * @throws MalstromError `ERR_DATA_CORRUPT` for bytes that no encoder has written.
   */
  view(memory: ByteBlock, offset: number): FrameView {
    sharedReader.openBlock(memory, offset)
    return this.#columns((count) => this.#block.view(count))
  }

  #columns<Column>(read: (count: number) => Column): { values: Column; keys: Column | undefined; timestamps: Column; count: number } {
    const { size, count } = this.#block.start()
    if (size !== 2 && size !== 3) throw corrupt(`a frame has 2 or 3 columns, not ${size}`)
    const values = read(count)
    const keys = size === 3 ? read(count) : undefined
    const timestamps = read(count)
    this.#block.end()
    return { values, keys, timestamps, count }
  }
}
