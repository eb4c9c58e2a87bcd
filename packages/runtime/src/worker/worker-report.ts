import type { OperatorWait, WorkerId } from '@malstrom/core'
import { isAdded } from '../compile/exchange-points.ts'
import { Edge } from '../exchange/edge.ts'
import { ExchangeOutput } from '../exchange/exchange-output.ts'
import type { InputReport } from '../exchange/fan-in.ts'
import type { SinkReport } from '../sink/sink-station.ts'
import type { SnapshotRun } from '../snapshot/snapshot-run.ts'
import type { PartitionReport } from '../source/open-partition.ts'
import type { TaskMembers } from './build-tasks.ts'

/** What a worker tells when somebody asks why nothing comes: plain data. */
export interface WorkerReport {
  readonly worker: WorkerId
  /** In the order of the plan, which is the same on every worker. */
  readonly tasks: readonly TaskReport[]
  /** What the snapshot under way waits for here; empty if there is none, or this worker has done its part. */
  readonly snapshotWaits: readonly string[]
}

export interface TaskReport {
  readonly head: string
  /** Whether everything that was to come has come and is processed. */
  readonly ended: boolean
  /** Set if it reads a source. */
  readonly partitions: readonly PartitionReport[] | undefined
  /** Whether its inputs are the workers of an exchange, or else the other tasks of this worker. */
  readonly exchange: boolean
  readonly feeders: readonly number[]
  readonly inputs: readonly InputReport[]
  readonly waits: readonly (OperatorWait & { readonly operator: string })[]
  readonly sinks: readonly SinkReport[]
  /** What it cannot write to, because that is full. */
  readonly full: readonly FullOutput[]
  /** Records that wait on its edges to other tasks of this worker. */
  readonly waiting: number
}

export interface FullOutput {
  /** The operator whose records go there. */
  readonly operator: string
  /** The workers that have not taken what they were sent; empty for the next task of this worker. */
  readonly workers: readonly WorkerId[]
}

/** Called between two frames. */
export function workerReport(worker: WorkerId, members: readonly TaskMembers[], snapshot: SnapshotRun | undefined): WorkerReport {
  return { worker, tasks: members.map((each) => taskReport(each)), snapshotWaits: snapshot?.explain() ?? [] }
}

function taskReport({ task, head, source, exchange, feeders, merging, operators, sinks, outputs }: TaskMembers): TaskReport {
  return {
    head: head.name,
    ended: task.ended,
    partitions: source?.station.explain(),
    exchange: exchange !== undefined,
    feeders,
    inputs: merging?.fanIn.explain() ?? [],
    waits: operators.flatMap(({ node, fused }) => {
      if (isAdded(node)) return []
      const waits = fused.explain?.().filter(({ count }) => count > 0) ?? []
      return waits.map((wait) => ({ ...wait, operator: node.name }))
    }),
    sinks: sinks.map((sink) => sink.explain()),
    full: outputs
      .filter(({ outlet }) => outlet.full)
      .map(({ port, outlet }) => ({ operator: port.node.name, workers: outlet instanceof ExchangeOutput ? outlet.fullFor : [] })),
    waiting: outputs.reduce((sum, { outlet }) => sum + (outlet instanceof Edge ? outlet.waiting : 0), 0),
  }
}
