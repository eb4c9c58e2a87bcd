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
  /** Set where records may be behind the frontier of the reader: of such an input it waits for the end only. */
  readonly late?: true
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
  /**
   * For each input, the number of the stream it is part of, on an operator that treats the records of several streams
   * differently, as a join does: it is told the side of each record. `undefined` if it makes no difference.
   */
  readonly sides?: readonly number[] | undefined
  /** Whether the records that come in have keys. */
  readonly keyed: boolean
  /** How its states per key are saved; `undefined` if it has none. */
  readonly state: StateDefinition | undefined
  readonly inputTime: TimestampAlgebra<unknown>
  readonly outputTime: TimestampAlgebra<unknown>
  readonly outputNames: readonly string[]
  /** The output whose records are as they came in, with the keys and timestamps of the input: what the operator could not process. */
  readonly deadLetterOutput?: number
  /** Set if records move between workers after this operator: those of its first output. */
  readonly exchange: Exchange | undefined
  /** Makes the operator's part of a task; called once per worker. */
  open(context: OperatorContext): FusedOperator
}

/** The time of the records that leave a port. */
export function timeOfPort({ node, output }: Port): TimestampAlgebra<unknown> {
  return node.role === 'operator' && node.deadLetterOutput === output ? node.inputTime : node.outputTime
}

/** How the states of an operator become values that can be encoded, and states again. */
export interface StateDefinition extends StateOptions<unknown> {
  /** A state as a value of plain objects, arrays, maps and primitives; by default the state itself. */
  pack?(state: unknown): unknown
  unpack?(data: unknown): unknown
  /** The id of the codec by which `pack` writes a part of the state, where `codec` does not write all of it. */
  readonly innerCodec?: string
}

/** How records find the worker that owns their key; `all`: every record goes to every worker, and has no key. */
export interface Exchange {
  readonly partitioner: Partitioner<Key> | 'all'
  /** Set if records for the same worker may be made into one before they are sent. */
  readonly combine?: Combine | undefined
}

/**
 * How records that wait to be sent become fewer: two that have the same key, and agree in `by` and in time, are replaced by one. What
 * the engine combines, and how much of it, is up to it: a result must not depend on that.
 */
export interface Combine {
  /** The value for two; leaves both as they are. */
  merge(earlier: unknown, later: unknown): unknown
  /** What values must agree in besides the key. */
  readonly by: ((value: unknown) => Key) | undefined
  /** The slice of time that both must lie in; the one that replaces them has the later timestamp. If absent, timestamps must be equal. */
  readonly sliceOf: ((timestamp: unknown) => number) | undefined
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
  const parts = nodes.map((node) => {
    const part = [node.role, node.kind, node.name, node.inputs.map((port) => [port.node.name, port.output])]
    return node.role === 'operator' && node.sides !== undefined ? [...part, node.sides] : part
  })
  const text = JSON.stringify([name, parts])
  const half = (seed: number) => hashString(text, seed).toString(16).padStart(8, '0')
  return half(0) + half(0x9747b28c)
}
