import type { FusedOperator, OperatorContext } from './fused-operator.ts'
import { hashString } from './hash.ts'
import type { OperatorId } from './identity.ts'
import type { Key } from './key.ts'
import type { StateOptions } from './operator.ts'
import type { Partitioner } from './partitioner.ts'
import type { Sink } from './sink.ts'
import type { Source } from './source.ts'
import type { TimestampAlgebra } from './timestamp.ts'

/** What a job does, as data: operators in an order in which every operator follows its inputs. */
export interface JobGraph {
  readonly name: string
  readonly nodes: readonly GraphNode[]
  /** Equal for two graphs that run the same operators, connected in the same way. */
  readonly fingerprint: string
}

export type GraphNode = SourceNode | OperatorNode | SinkNode

/** One output of one operator. Several readers each get every record. */
export interface Port {
  readonly node: SourceNode | OperatorNode
  readonly output: number
}

interface NodeBase {
  readonly id: OperatorId
  readonly name: string
  /** The operator's kind: `map`, `keyDistribute`, ... */
  readonly kind: string
  /** Where the job's code created it (`job.ts:12`), if the engine can tell. */
  readonly location: string | undefined
}

export interface SourceNode extends NodeBase {
  readonly role: 'source'
  readonly inputs: readonly []
  // Type-erased: the streams of `@malstrom/operators` have checked that the types fit.
  readonly source: Source<unknown, any, any, any>
  readonly epochs: PartitionEpochs | undefined
  readonly keyed: false
  readonly outputTime: TimestampAlgebra<unknown>
  readonly outputNames: readonly string[]
}

/** Epochs generated for each partition of a source by itself. The source then has the outputs `onTime` and `late`. */
export interface PartitionEpochs {
  /** The record's timestamp; the source's own if absent. */
  readonly timestampOf: ((value: unknown, timestamp: unknown) => unknown) | undefined
  readonly generate: (value: unknown, timestamp: unknown, previous: unknown) => unknown
  /** A partition without records for this long is excluded from the merge until it speaks again. */
  readonly idleAfterMs: number | undefined
}

export interface OperatorNode extends NodeBase {
  readonly role: 'operator'
  /** More than one input is a union. */
  readonly inputs: readonly Port[]
  /** Whether the records that come in have keys. */
  readonly keyed: boolean
  /** How its states per key are saved; `undefined` if it has none. */
  readonly state: StateDefinition | undefined
  readonly inputTime: TimestampAlgebra<unknown>
  readonly outputTime: TimestampAlgebra<unknown>
  readonly outputNames: readonly string[]
  /** Set if records move between workers after this operator. */
  readonly exchange: Exchange | undefined
  /** Makes the operator's part of a task; called once per worker. */
  open(context: OperatorContext): FusedOperator
}

/** How the states of an operator become values that can be encoded, and states again. */
export interface StateDefinition extends StateOptions<unknown> {
  /** A state as a value of plain objects, arrays, maps and primitives; by default the state itself. */
  pack?(state: unknown): unknown
  unpack?(data: unknown): unknown
}

/** How records find the worker that owns their key. */
export interface Exchange {
  readonly partitioner: Partitioner<Key>
}

export interface SinkNode extends NodeBase {
  readonly role: 'sink'
  readonly inputs: readonly Port[]
  readonly keyed: boolean
  readonly inputTime: TimestampAlgebra<unknown>
  // Type-erased, as for sources.
  readonly sink: Sink<any, any, any, any, any>
}

/** The fingerprint of a graph: what decides whether saved state fits, so functions and locations are not part of it. */
export function fingerprintOf(name: string, nodes: readonly GraphNode[]): string {
  const parts = nodes.map((node) => [node.role, node.kind, node.name, node.inputs.map((port) => [port.node.name, port.output])])
  const text = JSON.stringify([name, parts])
  const half = (seed: number) => hashString(text, seed).toString(16).padStart(8, '0')
  return half(0) + half(0x9747b28c)
}
