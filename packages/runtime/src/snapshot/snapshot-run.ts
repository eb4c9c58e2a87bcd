import type { OperatorNode, SnapshotVersion, WorkerId } from '@malstrom/core'
import { isAdded } from '../compile/exchange-points.ts'
import type { TaskMembers } from '../worker/build-tasks.ts'
import type { OpenOperator } from '../worker/open-operator.ts'
import type { Barrier } from './barrier.ts'
import { keyedBy } from './keyed-by.ts'
import type {
  InputSnapshot,
  OperatorSnapshot,
  OutputSnapshot,
  SinkSnapshot,
  SourceSnapshot,
  StatePart,
  StateSnapshot,
  WorkerSnapshot,
} from './snapshot.ts'
import { stateFormOf } from './state-form.ts'
import type { StateSave } from './state-save.ts'

/** How the states of one operator are written. */
export interface StateWriting {
  readonly save: StateSave
  /** The parts of earlier snapshots that this one adds to; empty if it has all states. */
  readonly earlier: readonly StatePart[]
}

export interface SnapshotRunOptions {
  readonly worker: WorkerId
  readonly barrier: Barrier
  readonly members: readonly TaskMembers[]
  /** Takes the snapshot of an operator's states. */
  write(operator: OpenOperator, version: SnapshotVersion): StateWriting
  /** There are slices to encode. */
  wake(): void
}

/**
 * One snapshot on one worker. Each task contributes when the barrier passes it: its frontiers and
 * positions at once, its states as saves that are encoded in slices while it goes on, its sinks when
 * they have staged what was written.
 */
export class SnapshotRun {
  /** Resolves when everything of this worker is durable. */
  readonly done: Promise<WorkerSnapshot>
  readonly #options: SnapshotRunOptions
  readonly #sources: SourceSnapshot[] = []
  readonly #inputs: InputSnapshot[] = []
  readonly #outputs: OutputSnapshot[] = []
  readonly #operators: {
    readonly operator: OpenOperator
    readonly late: number
    readonly own: readonly unknown[]
    readonly keys: number
    readonly writing: StateWriting | undefined
  }[] = []
  readonly #sinks: Promise<SinkSnapshot>[] = []
  #tasksLeft: number
  #resolve: () => void = () => {}
  #reject: (error: unknown) => void = () => {}

  constructor(options: SnapshotRunOptions) {
    this.#options = options
    this.#tasksLeft = options.members.length
    const encoded = new Promise<void>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.done = encoded.then(() => this.#collect())
    // Whoever waits hears of it; a job that fails may have nobody who waits.
    this.done.catch(() => {})
  }

  get version(): SnapshotVersion {
    return this.#options.barrier.version
  }

  /** The barrier has passed a task. */
  passed({ source, operators, sinks, merging, outputs, task }: TaskMembers): void {
    const { write, wake, barrier } = this.#options
    if (source !== undefined) {
      const { node, station, counters, frontiers } = source
      const partitions = station.snapshot()
      this.#sources.push({ source: node.name, ended: task.ended, merged: frontiers?.merged, late: counters.late, partitions })
    }
    for (const { port, outlet } of outputs) this.#outputs.push({ operator: port.node.name, output: port.output, frontier: outlet.frontier })
    if (merging !== undefined) this.#inputs.push(merging.fanIn.snapshot(merging.node))
    for (const operator of operators) {
      if (isAdded(operator.node)) continue
      const { cells, counters, fused } = operator
      const writing = cells === undefined ? undefined : write(operator, barrier.version)
      this.#operators.push({
        operator,
        late: counters.late,
        own: fused.snapshot === undefined ? [] : [fused.snapshot()],
        keys: cells?.size ?? 0,
        writing,
      })
    }
    for (const sink of sinks) {
      const staged = sink.precommit(barrier.version)
      staged.catch((error) => this.fail(error))
      this.#sinks.push(staged)
    }
    this.#tasksLeft--
    wake()
    this.#checkEncoded()
  }

  /** Encodes a little; returns false if there is nothing to encode now. */
  slice(): boolean {
    const unfinished = this.#operators.find(({ writing }) => writing !== undefined && !writing.save.encoded)
    if (unfinished?.writing === undefined) return false
    const worked = unfinished.writing.save.slice()
    this.#checkEncoded()
    return worked
  }

  fail(error: unknown): void {
    this.#reject(error)
  }

  #checkEncoded(): void {
    if (this.#tasksLeft === 0 && this.#operators.every(({ writing }) => writing === undefined || writing.save.encoded)) this.#resolve()
  }

  async #collect(): Promise<WorkerSnapshot> {
    const operators: OperatorSnapshot[] = []
    for (const { operator, late, own, keys, writing } of this.#operators) {
      const { node } = operator
      const state = writing === undefined ? undefined : await stateSnapshot(node, this.#options.worker, keys, writing)
      operators.push({ operator: node.name, id: node.id, kind: node.kind, late, own, state })
    }
    return { sources: this.#sources, operators, sinks: await Promise.all(this.#sinks), inputs: this.#inputs, outputs: this.#outputs }
  }
}

async function stateSnapshot(node: OperatorNode, worker: WorkerId, keys: number, { save, earlier }: StateWriting): Promise<StateSnapshot> {
  const { codec, version } = stateFormOf(node.state ?? {})
  const part = await save.finish()
  const parts = part.rows === 0 && earlier.length > 0 ? earlier : [...earlier, part]
  return { keyedBy: keyedBy(node), codec, version, keys, chains: [{ worker, parts }] }
}
