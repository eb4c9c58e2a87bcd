import type { ObjectStore, SnapshotVersion, WorkerId } from '@malstrom/core'
import type { ByteWriter } from '../codec/byte-writer.ts'
import { ColumnMemory } from '../codec/column-memory.ts'
import { withDeadline } from '../worker/deadline.ts'
import type { Environment } from '../worker/environment.ts'
import type { OpenOperator } from '../worker/open-operator.ts'
import { SegmentWriter } from './segment-writer.ts'
import { type Snapshot, type StatePart, withPart } from './snapshot.ts'
import type { StateWriting } from './snapshot-run.ts'
import { stateFormOf } from './state-form.ts'
import { blockRows, StateSave } from './state-save.ts'

/** Parts of which the states of an operator may consist: each is at least one object to read when the job is restored. */
const PARTS_MAX = 64

/** Where a worker writes the states of its operators. */
export interface StateLocation {
  readonly store: ObjectStore
  /** The scope of `store`. */
  readonly scope: string
}

export interface StateWritingOptions {
  readonly location: StateLocation
  readonly job: string
  readonly generation: number
  readonly environment: Environment
  readonly waitLimitMs: number
  readonly workerId: WorkerId
  /** What this worker has written before, if that still is the state of all its keys. */
  readonly restored: Snapshot['operators'] | undefined
  wake(): void
  failed(error: unknown): void
}

/**
 * Decides for each snapshot of an operator's states whether it holds all of them or only what has
 * changed: what never changes is written once, and what is to be read again stays below twice what
 * there is, because all is written anew when the changes have outgrown it.
 */
export class StateWritings {
  readonly #options: StateWritingOptions
  readonly #parts = new Map<string, readonly StatePart[]>()
  readonly #buffers: ByteWriter[] = []
  readonly #rows = blockRows()
  readonly #memories = new Map<number, ColumnMemory>()

  constructor(options: StateWritingOptions) {
    this.#options = options
    this.taken({ operators: options.restored ?? [] })
  }

  write({ node, cells }: OpenOperator, version: SnapshotVersion): StateWriting {
    if (cells === undefined || node.state === undefined) throw new Error(`operator ${node.name} has no states`)
    const { environment, job } = this.#options
    const parts = this.#parts.get(node.name) ?? []
    const [base, ...changes] = parts
    const changedRows = changes.reduce((sum, { rows }) => sum + rows, cells.dirty)
    const whole = base === undefined || changedRows >= Math.max(base.rows, cells.size) || parts.length >= PARTS_MAX
    const form = stateFormOf(node.state)
    const save = new StateSave({
      node,
      job,
      cells: cells.takeSnapshot(whole, form),
      writer: this.#segmentWriter(node.id, version),
      rows: this.#rows,
      nowMs: environment.nowMs,
    })
    return { save, earlier: whole ? [] : parts }
  }

  /**
   * The snapshot under way is abandoned. If it has all that was to be written of an operator, the next one adds to that as if it
   * counted: it is the states of a moment that has passed. What it has only in part is removed, and the next one writes all.
   */
  async abandon(operator: string, { save, earlier }: StateWriting): Promise<void> {
    if (save.encoded) {
      this.#parts.set(operator, withPart(earlier, await save.finish()))
    } else {
      this.#parts.delete(operator)
      await save.abandon()
    }
  }

  /** What snapshot the next ones add to. */
  taken(snapshot: Pick<Snapshot, 'operators'>): void {
    for (const { operator, state } of snapshot.operators) {
      const own = state?.chains.find(({ worker }) => worker === this.#options.workerId)
      if (own !== undefined) this.#parts.set(operator, own.parts)
    }
  }

  #segmentWriter(operatorId: number, version: SnapshotVersion): SegmentWriter {
    const { location, generation, environment, waitLimitMs, wake, failed } = this.#options
    const memory = this.#memories.get(operatorId) ?? new ColumnMemory(true)
    this.#memories.set(operatorId, memory)
    return new SegmentWriter({
      memory,
      scope: location.scope,
      path: `${generation}/${version}/${operatorId.toString(16).padStart(8, '0')}`,
      put: async (path, bytes) => {
        await withDeadline(environment, waitLimitMs, `the store to keep "${path}"`, location.store.put(path, bytes))
      },
      remove: async (paths) => {
        await withDeadline(environment, waitLimitMs, 'the store to delete what was written in vain', location.store.delete(paths))
      },
      buffers: this.#buffers,
      wake,
      failed,
    })
  }
}
