import { type Key, MalstromError, type OperatorNode } from '@malstrom/core'
import { type CellsSave, SavedRows } from '../state/cells-save.ts'
import { attribute } from '../worker/failure.ts'
import type { SegmentWriter } from './segment-writer.ts'
import type { StatePart } from './snapshot.ts'

/** How long a slice may take; a slice is at least one block. */
const SLICE_MS = 0.5
const BLOCK_ROWS_MIN = 8
const BLOCK_ROWS_MAX = 4_096
const FIRST_BLOCK_ROWS = BLOCK_ROWS_MIN * 4

/** Memory for the rows of one block. */
export function blockRows(): SavedRows {
  return new SavedRows(FIRST_BLOCK_ROWS)
}

export interface StateSaveParts {
  readonly node: OperatorNode
  readonly job: string
  readonly cells: CellsSave<Key, unknown>
  readonly writer: SegmentWriter
  /** Memory that is used again. */
  readonly rows: SavedRows
  nowMs(): number
}

/** Writes the snapshot of one operator's states in slices, between which the worker processes records. */
export class StateSave {
  readonly #parts: StateSaveParts
  #blockRows = FIRST_BLOCK_ROWS
  #finished: Promise<StatePart> | undefined
  #rows = 0

  constructor(parts: StateSaveParts) {
    this.#parts = parts
  }

  get encoded(): boolean {
    return this.#parts.cells.done
  }

  /** Encodes a little; returns false if there is nothing to encode now. */
  slice(): boolean {
    const { cells, writer, nowMs } = this.#parts
    if (cells.done || writer.full) return false
    const start = nowMs()
    this.#encodeBlock()
    const took = nowMs() - start
    // The next block is to take as long as a slice, and changes in size slowly: one pause says little.
    const fitting = took > 0 ? (this.#blockRows * SLICE_MS) / took : BLOCK_ROWS_MAX
    this.#blockRows = Math.round(clamp(fitting, this.#blockRows / 2, this.#blockRows * 2))
    this.#blockRows = clamp(this.#blockRows, BLOCK_ROWS_MIN, BLOCK_ROWS_MAX)
    return true
  }

  /** What was written, once it is durable; called when everything is encoded. */
  finish(): Promise<StatePart> {
    this.#finished ??= this.#finish()
    return this.#finished
  }

  /** Writes no more, and removes what was written. */
  async abandon(): Promise<void> {
    this.#parts.cells.abandon()
    await this.#parts.writer.abandon()
  }

  async #finish(): Promise<StatePart> {
    const segments = await this.#parts.writer.finish()
    return { rows: this.#rows, bytes: segments.reduce((sum, { bytes }) => sum + bytes, 0), segments }
  }

  #encodeBlock(): void {
    const { cells, writer, rows, node, job } = this.#parts
    cells.take(rows, this.#blockRows)
    const { keys, states, removed, hasRemoved, count } = rows
    if (count === 0) return
    try {
      writer.add(hasRemoved ? [keys, states, removed] : [keys, states], count)
    } catch (error) {
      throw attribute(explained(error), node, job)
    }
    this.#rows += count
  }
}

function explained(error: unknown): unknown {
  if (!(error instanceof MalstromError)) return error
  return new MalstromError(error.code, `Its states cannot be saved (columns[0] holds the keys, columns[1] the states): ${error.message}`)
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most)
}
