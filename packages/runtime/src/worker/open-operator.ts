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
import { Alarm } from './alarm.ts'
import type { Cluster } from './cluster.ts'
import type { Environment } from './environment.ts'
import { shareOf } from './restore-share.ts'

/** An operator on one worker: its part of a task, its state and its counters. */
export interface OpenOperator {
  readonly node: OperatorNode
  readonly fused: FusedOperator
  readonly counters: OperatorCounters
  /** `undefined` if it has no state per key. */
  readonly cells: KeyedCells<Key, unknown> | undefined
  readonly alarm: Alarm
  report(): OperatorStatusReport
}

/** What of an operator a snapshot holds. */
export interface RestoredOperator {
  readonly snapshot: OperatorSnapshot
  readonly counters: OperatorCounters
  readonly cells: KeyedCells<Key, unknown> | undefined
  /** Whether everything that leads to it had ended. */
  readonly inputEnded: boolean
}

export interface OpenOptions {
  readonly workerId: WorkerId
  readonly environment: Environment
  /** Whether snapshots will be taken. */
  readonly tracked: boolean
  readonly cluster: Cluster | undefined
  wake(): void
}

export function openOperator(node: OperatorNode, options: OpenOptions, restored: RestoredOperator | undefined): OpenOperator {
  const counters: OperatorCounters = restored?.counters ?? { late: 0, skipped: 0 }
  const cells = node.state === undefined ? undefined : (restored?.cells ?? new KeyedCells<Key, unknown>())
  const alarm = new Alarm(options.environment, options.wake)
  const context: OperatorContext = {
    workerId: options.workerId,
    operatorId: node.id,
    operatorName: node.name,
    counters,
    // Erased: the operator that asks knows the types of its own keys and states.
    keyedState: <K, S>() => cells as unknown as StateStore<K, S>,
    now: () => alarm.now(),
    wakeAt: (time) => alarm.wakeAt(time),
    wake: () => alarm.wake(),
    hold: () => alarm.hold(),
    release: () => alarm.release(),
  }
  const fused = node.open(context)
  if (restored !== undefined) {
    fused.restore?.(restored.snapshot.own, shareOf(node, options.workerId, options.cluster, restored.inputEnded))
  }
  if (options.tracked) cells?.trackChanges()
  return {
    node,
    fused,
    counters,
    cells,
    alarm,
    report: () => ({ operator: node.name, kind: node.kind, ...counters, keys: cells?.size ?? 0 }),
  }
}
