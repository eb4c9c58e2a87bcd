import type { FusedOperator, GraphNode } from '@malstrom/core'
import type { Frame, Outlet } from '../exchange/frame.ts'
import type { SinkStation } from '../sink/sink-station.ts'
import type { PartitionFrontiers } from '../source/partition-frontiers.ts'
import type { Gate } from '../worker/gate.ts'
import type { EdgePlan, TaskPlan } from './task-plan.ts'

/** The work of a task on one worker, compiled or interpreted. */
export interface TaskBody {
  /** Processes the records of `frame` from index `from`; returns the index where it stopped because the gate closed. */
  run(frame: Frame, from: number): number
  /** Passes on an epoch that came to the head. */
  epoch(epoch: unknown): void
  readonly ticks: readonly Tick[]
  readonly wakes: readonly Wake[]
}

/** The `wake` lines of an operator, to be run between two frames when it has asked for that. */
export interface Wake {
  readonly node: GraphNode
  run(): void
}

/** Work that is to be done every `everyMs` milliseconds, between two frames. */
export interface Tick {
  readonly everyMs: number
  run(): void
}

/** What the parts of a task are on one worker. */
export interface TaskParts {
  readonly job: string
  readonly plan: TaskPlan
  readonly gate: Gate
  /** Set if the head is a source with epochs per partition. */
  readonly frontiers: PartitionFrontiers | undefined
  fusedOf(node: GraphNode): FusedOperator
  sinkOf(node: GraphNode): SinkStation
  edgeOf(plan: EdgePlan): Outlet
}
