import type { TimestampAlgebra } from '@malstrom/core'
import type { InputSnapshot } from '../snapshot/snapshot.ts'
import type { BarrierMark, Edge, EpochMark } from './edge.ts'
import type { Frame } from './frame.ts'

/**
 * The inputs of a task that merges streams. Records come in the order of their edge; the edges take
 * turns. An edge that has delivered a snapshot barrier is not read until all have: then the barrier is
 * passed on, so that it overtakes no record. The frontier is the merge of the inputs' frontiers: nothing is passed on until every input
 * has had an epoch, and then only what advances it.
 */
export class FanIn {
  readonly edges: readonly Edge[]
  readonly #time: TimestampAlgebra<unknown>
  readonly #frontiers: unknown[]
  /** The edges that have delivered the barrier that the others still owe. */
  readonly #aligned = new Set<number>()
  #merged: unknown
  #turn = 0

  constructor(edges: readonly Edge[], time: TimestampAlgebra<unknown>, restored: InputSnapshot | undefined) {
    this.edges = edges
    this.#time = time
    this.#frontiers = edges.map((_edge, index) => restored?.frontiers[index])
    this.#merged = restored?.merged
  }

  /** The next frame, the next epoch by which the merged frontier advances, or a barrier; `undefined` if nothing waits. */
  take(): Frame | EpochMark | BarrierMark | undefined {
    for (let tried = 0; tried < this.edges.length; ) {
      const index = this.#turn
      const item = this.#aligned.has(index) ? undefined : this.edges[index]?.take()
      if (item === undefined) {
        this.#turn = (index + 1) % this.edges.length
        tried++
        continue
      }
      if ('count' in item) {
        this.#turn = (index + 1) % this.edges.length
        return item
      }
      tried = 0
      if ('barrier' in item) {
        this.#aligned.add(index)
        if (this.#aligned.size < this.edges.length) continue
        this.#aligned.clear()
        return item
      }
      const merged = this.#advance(index, item.epoch)
      if (merged !== undefined) return { epoch: merged }
    }
    return undefined
  }

  get empty(): boolean {
    return this.edges.every((edge) => edge.empty)
  }

  snapshot(node: string): InputSnapshot {
    return { node, frontiers: [...this.#frontiers], merged: this.#merged }
  }

  #advance(index: number, epoch: unknown): unknown {
    this.#frontiers[index] = epoch
    let merged: unknown = this.#time.max
    for (const frontier of this.#frontiers) {
      if (frontier === undefined) return undefined
      merged = this.#time.merge(merged, frontier)
    }
    if (this.#merged !== undefined && this.#time.compare(merged, this.#merged) <= 0) return undefined
    this.#merged = merged
    return merged
  }
}
