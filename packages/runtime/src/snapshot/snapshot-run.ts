import type { OperatorCounters, OperatorNode, SnapshotVersion, WorkerId } from '@malstrom/core'
import { isAdded } from '../compile/exchange-points.ts'
import type { TaskMembers } from '../worker/build-tasks.ts'
import type { OpenOperator } from '../worker/open-operator.ts'
import type { Barrier } from './barrier.ts'
import { keyedBy } from './keyed-by.ts'
import {
  type InputSnapshot,
  type OperatorSnapshot,
  type OutputSnapshot,
  type SinkSnapshot,
  type SourceSnapshot,
  type StatePart,
  type StateSnapshot,
  type WorkerSnapshot,
  withPart,
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
    readonly counters: OperatorCounters
    readonly own: readonly unknown[]
    readonly pending: boolean
    readonly keys: number
    readonly writing: StateWriting | undefined
  }[] = []
  readonly #sinks: Promise<SinkSnapshot>[] = []
  readonly #passed = new Set<TaskMembers>()
  /** Sinks that are staging. */
  readonly #staging = new Set<string>()
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
  passed(members: TaskMembers): void {
    const { source, operators, sinks, merging, outputs, task } = members
    this.#passed.add(members)
    const { write, wake, barrier } = this.#options
    if (source !== undefined) {
      const { node, station, counters, frontiers } = source
      const partitions = station.snapshot()
      this.#sources.push({ source: node.name, ended: task.inputEnded, merged: frontiers?.merged, late: counters.late, partitions })
    }
    for (const { port, outlet } of outputs) this.#outputs.push({ operator: port.node.name, output: port.output, frontier: outlet.frontier })
    if (merging !== undefined) this.#inputs.push(merging.fanIn.snapshot(merging.node))
    for (const operator of operators) {
      if (isAdded(operator.node)) continue
      const { cells, counters, fused } = operator
      const writing = cells === undefined ? undefined : write(operator, barrier.version)
      this.#operators.push({
        operator,
        counters: { ...counters },
        own: fused.snapshot === undefined ? [] : [fused.snapshot()],
        pending: fused.pending?.() === true,
        keys: cells?.size ?? 0,
        writing,
      })
    }
    for (const sink of sinks) {
      const staged = sink.precommit(barrier.version)
      this.#staging.add(sink.node.name)
      staged.then(
        () => this.#staging.delete(sink.node.name),
        (error) => this.fail(error),
      )
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

  /** What it waits for, for people. */
  explain(): string[] {
    const barriers = this.#options.members
      .filter((members) => !this.#passed.has(members))
      .map(({ head, task, merging, sinks }) => {
        const full = sinks.flatMap((sink) => (sink.explain().waiting === undefined ? [] : [`sink "${sink.node.name}"`]))
        const what = full.length > 0 ? full.join(' and ') : 'what it writes to'
        if (task.gate.closed) return `its barrier to pass "${head.name}", which stands still because ${what} is full`
        const owed = merging?.fanIn.explain().filter(({ aligned }) => !aligned) ?? []
        const some = owed.length > 0 && owed.length < (merging?.fanIn.explain().length ?? 0)
        return some ? `its barrier on ${owed.length} of the inputs of "${head.name}"` : `its barrier to come to "${head.name}"`
      })
    const states = this.#operators
      .filter(({ writing }) => writing !== undefined && !writing.save.encoded)
      .map(({ operator }) => `the states of "${operator.node.name}" to be written`)
    const waits = [...barriers, ...states, ...[...this.#staging].map((sink) => `sink "${sink}" to write out what it has`)]
    return waits.length > 0 ? waits : ['the store to have what was written']
  }

  fail(error: unknown): void {
    this.#reject(error)
  }

  /** What it was to be is not wanted any more. Returns how the states of operators have been written so far. */
  abandon(error: unknown): { readonly operator: string; readonly writing: StateWriting }[] {
    this.fail(error)
    return this.#operators.flatMap(({ operator, writing }) => (writing === undefined ? [] : [{ operator: operator.node.name, writing }]))
  }

  #checkEncoded(): void {
    if (this.#tasksLeft === 0 && this.#operators.every(({ writing }) => writing === undefined || writing.save.encoded)) this.#resolve()
  }

  async #collect(): Promise<WorkerSnapshot> {
    const operators: OperatorSnapshot[] = []
    for (const { operator, counters, own, pending, keys, writing } of this.#operators) {
      const { node } = operator
      const state = writing === undefined ? undefined : await stateSnapshot(node, this.#options.worker, keys, writing)
      const flags = pending ? ({ pending } as const) : {}
      operators.push({ operator: node.name, id: node.id, kind: node.kind, ...counters, own, ...flags, state })
    }
    return { sources: this.#sources, operators, sinks: await Promise.all(this.#sinks), inputs: this.#inputs, outputs: this.#outputs }
  }
}

async function stateSnapshot(node: OperatorNode, worker: WorkerId, keys: number, { save, earlier }: StateWriting): Promise<StateSnapshot> {
  const { codec, version } = stateFormOf(node.state ?? {})
  const parts = withPart(earlier, await save.finish())
  return { keyedBy: keyedBy(node), codec, version, keys, chains: [{ worker, parts }] }
}
