import type { Generation, Key, OperatorId, SnapshotVersion, WorkerId } from '@malstrom/core'

/** Everything a job needs to go on from a cut through its streams. */
export interface Snapshot {
  readonly version: SnapshotVersion
  readonly generation: Generation
  readonly job: string
  readonly fingerprint: string
  /** Milliseconds since 1970. */
  readonly takenAtMs: number
  /** Whether the job had come to its end. */
  readonly finished: boolean
  /** The workers among which keys and partitions were divided. */
  readonly workers: readonly WorkerId[]
  readonly sources: readonly SourceSnapshot[]
  readonly operators: readonly OperatorSnapshot[]
  readonly sinks: readonly SinkSnapshot[]
  readonly inputs: readonly InputSnapshot[]
  readonly outputs: readonly OutputSnapshot[]
}

/** What one worker contributes to a snapshot. */
export type WorkerSnapshot = Pick<Snapshot, 'sources' | 'operators' | 'sinks' | 'inputs' | 'outputs'>

export interface SourceSnapshot {
  readonly source: string
  /** Whether the end of the stream has left the source. */
  readonly ended: boolean
  /** The frontier merged over the partitions, if they have epochs of their own. */
  readonly merged: unknown
  readonly late: number
  readonly partitions: readonly SourcePartitionSnapshot[]
}

export interface SourcePartitionSnapshot {
  readonly partition: Key
  /** What the partition's `snapshot()` returned. */
  readonly position: unknown
  readonly finished: boolean
  readonly recordsIn: number
  readonly frontier: unknown
  readonly excluded: boolean
}

export interface OperatorSnapshot {
  readonly operator: string
  readonly id: OperatorId
  readonly kind: string
  readonly late: number
  /** Absent in snapshots of versions that did not skip records. */
  readonly skipped?: number
  /** What the operator keeps on each worker besides states per key, such as its frontier. */
  readonly own: readonly unknown[]
  /** Set if results were to come from it without further records, as those of calls. */
  readonly pending?: true
  /** The states of its keys; `undefined` if it has none. */
  readonly state: StateSnapshot | undefined
}

export interface StateSnapshot {
  /** The operator that gave the records their keys. */
  readonly keyedBy: string | undefined
  readonly codec: string
  readonly version: number
  readonly keys: number
  /** Each worker has written the states of its keys. */
  readonly chains: readonly StateChain[]
}

/** Everything that was written of an operator's states. */
export function partsOf({ chains }: StateSnapshot): readonly StatePart[] {
  return chains.flatMap(({ parts }) => parts)
}

export interface StateChain {
  readonly worker: WorkerId
  /** The first holds all states of its time; each of the others what had changed since the one before. */
  readonly parts: readonly StatePart[]
}

/** What one snapshot added to the states of an operator. */
export interface StatePart {
  readonly rows: number
  readonly bytes: number
  readonly segments: readonly SegmentRef[]
}

/** The parts of a worker's chain with one more, unless that holds nothing. */
export function withPart(earlier: readonly StatePart[], part: StatePart): readonly StatePart[] {
  return part.rows === 0 && earlier.length > 0 ? earlier : [...earlier, part]
}

/** An object of encoded states. */
export interface SegmentRef {
  /** The scope of the worker that wrote it. */
  readonly scope: string
  readonly path: string
  readonly bytes: number
  readonly rows: number
}

export interface SinkSnapshot {
  readonly sink: string
  readonly written: number
  readonly frontier: unknown
  readonly partitions: readonly { readonly partition: Key; readonly state: unknown }[]
}

/** The frontiers at the inputs of an operator or sink that merges streams. */
export interface InputSnapshot {
  readonly node: string
  readonly frontiers: readonly unknown[]
  readonly merged: unknown
}

/** The last epoch that was sent from an output of an operator into other tasks. */
export interface OutputSnapshot {
  readonly operator: string
  readonly output: number
  readonly frontier: unknown
}
