import type { TimestampAlgebra } from '@malstrom/core'
import type { Edge, EpochMark } from './edge.ts'
import type { Frame } from './frame.ts'

/**
 * The inputs of a task that merges streams. Records come in the order of their edge; the edges take
 * turns. The frontier is the merge of the inputs' frontiers: nothing is passed on until every input
 * has had an epoch, and then only what advances it.
 */
export class FanIn {
  readonly edges: readonly Edge[]
  readonly #time: TimestampAlgebra<unknown>
  readonly #frontiers: unknown[]
  #merged: unknown
  #turn = 0

  constructor(edges: readonly Edge[], time: TimestampAlgebra<unknown>) {
    this.edges = edges
    this.#time = time
    this.#frontiers = edges.map(() => undefined)
  }

  /** The next frame, or the next epoch by which the merged frontier advances; `undefined` if nothing waits. */
  take(): Frame | EpochMark | undefined {
    for (let tried = 0; tried < this.edges.length; ) {
      const index = this.#turn
      const item = this.edges[index]?.take()
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
      const merged = this.#advance(index, item.epoch)
      if (merged !== undefined) return { epoch: merged }
    }
    return undefined
  }

  get empty(): boolean {
    return this.edges.every((edge) => edge.empty)
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
