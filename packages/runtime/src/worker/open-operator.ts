import type {
  FusedOperator,
  Key,
  OperatorContext,
  OperatorCounters,
  OperatorNode,
  OperatorStatusReport,
  StateStore,
  WorkerId,
} from '@malstrom/core'
import type { OperatorSnapshot } from '../snapshot/snapshot.ts'
import { KeyedCells } from '../state/keyed-cells.ts'

/** An operator on one worker: its part of a task, its state and its counters. */
export interface OpenOperator {
  readonly node: OperatorNode
  readonly fused: FusedOperator
  readonly counters: OperatorCounters
  /** `undefined` if it has no state per key. */
  readonly cells: KeyedCells<Key, unknown> | undefined
  report(): OperatorStatusReport
}

/** What of an operator a snapshot holds. */
export interface RestoredOperator {
  readonly snapshot: OperatorSnapshot
  readonly late: number
  readonly cells: KeyedCells<Key, unknown> | undefined
}

export function openOperator(
  node: OperatorNode,
  workerId: WorkerId,
  restored: RestoredOperator | undefined,
  tracked: boolean,
): OpenOperator {
  const counters: OperatorCounters = { late: restored?.late ?? 0 }
  const cells = node.state === undefined ? undefined : (restored?.cells ?? new KeyedCells<Key, unknown>())
  const context: OperatorContext = {
    workerId,
    operatorId: node.id,
    operatorName: node.name,
    counters,
    // Erased: the operator that asks knows the types of its own keys and states.
    keyedState: <K, S>() => cells as unknown as StateStore<K, S>,
  }
  const fused = node.open(context)
  if (restored !== undefined) fused.restore?.(restored.snapshot.own)
  if (tracked) cells?.trackChanges()
  return {
    node,
    fused,
    counters,
    cells,
    report: () => ({ operator: node.name, kind: node.kind, late: counters.late, keys: cells?.size ?? 0 }),
  }
}
