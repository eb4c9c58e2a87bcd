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
import { KeyedCells } from '../state/keyed-cells.ts'

/** An operator on one worker: its part of a task, its state and its counters. */
export interface OpenOperator {
  readonly fused: FusedOperator
  report(): OperatorStatusReport
}

export function openOperator(node: OperatorNode, workerId: WorkerId): OpenOperator {
  const counters: OperatorCounters = { late: 0 }
  const cells = node.stateful ? new KeyedCells<Key, unknown>() : undefined
  const context: OperatorContext = {
    workerId,
    operatorId: node.id,
    operatorName: node.name,
    counters,
    // Erased: the operator that asks knows the types of its own keys and states.
    keyedState: <K, S>() => cells as unknown as StateStore<K, S>,
  }
  return {
    fused: node.open(context),
    report: () => ({ operator: node.name, kind: node.kind, late: counters.late, keys: cells?.size ?? 0 }),
  }
}
