import {
  assert,
  type GraphNode,
  type JobGraph,
  type Key,
  type OperatorCounters,
  type OperatorNode,
  type OperatorStatusReport,
  type PartitionContext,
  type SinkNode,
  type SourceNode,
} from '@malstrom/core'
import { compileTask } from '../compile/compile-task.ts'
import { interpretTask } from '../compile/interpret-task.ts'
import type { TaskParts } from '../compile/task-body.ts'
import { type EdgePlan, planTasks, type TaskPlan } from '../compile/task-plan.ts'
import { Edge } from '../exchange/edge.ts'
import { FanIn } from '../exchange/fan-in.ts'
import { SinkStation } from '../sink/sink-station.ts'
import type { Snapshot, SourceSnapshot } from '../snapshot/snapshot.ts'
import { partitionEpochs } from '../source/partition-epochs.ts'
import { PartitionFrontiers } from '../source/partition-frontiers.ts'
import { SourceStation } from '../source/source-station.ts'
import type { KeyedCells } from '../state/keyed-cells.ts'
import type { Environment } from './environment.ts'
import { Gate } from './gate.ts'
import { type OpenOperator, openOperator, type RestoredOperator } from './open-operator.ts'
import { Task, type TaskInput } from './task.ts'

export interface BuildOptions {
  readonly graph: JobGraph
  readonly workerId: number
  readonly generation: number
  readonly environment: Environment
  readonly waitLimitMs: number
  readonly interpret: boolean
  /** What the job goes on from. */
  readonly restored: RestoredJob | undefined
  /** Whether snapshots will be taken. */
  readonly tracked: boolean
  wake(): void
  failed(error: Error): void
}

/** A snapshot, with the states that its segments hold. */
export interface RestoredJob {
  readonly snapshot: Snapshot
  cellsOf(operator: string): KeyedCells<Key, unknown> | undefined
}

/** What a task consists of, as far as snapshots are concerned. */
export interface TaskMembers {
  readonly task: Task
  readonly source:
    | {
        readonly node: SourceNode
        readonly station: SourceStation
        readonly counters: OperatorCounters
        readonly frontiers: PartitionFrontiers | undefined
      }
    | undefined
  readonly operators: readonly OpenOperator[]
  readonly sinks: readonly SinkStation[]
  /** The head, if it merges streams. */
  readonly merging: { readonly node: string; readonly fanIn: FanIn } | undefined
}

/** A job graph put to work on one worker. Tasks come in an order in which every task follows those that feed it. */
export interface BuiltTasks {
  readonly tasks: readonly Task[]
  readonly sources: readonly { readonly station: SourceStation; readonly task: Task }[]
  readonly sinks: readonly SinkStation[]
  readonly members: readonly TaskMembers[]
  operatorReports(): OperatorStatusReport[]
}

export function buildTasks(options: BuildOptions): BuiltTasks {
  const edges = new Map<EdgePlan, Edge>()
  const tasks = new Map<TaskPlan, Task>()
  const feederOf = new Map<EdgePlan, Task>()
  const sources: { station: SourceStation; task: Task }[] = []
  const sinks: SinkStation[] = []
  const reports: (() => OperatorStatusReport)[] = []
  const members: TaskMembers[] = []

  for (const plan of planTasks(options.graph)) {
    const gate = new Gate(options.wake)
    for (const output of plan.outputs) edges.set(output, new Edge(output.keyed, output.from.node.outputTime))
    const edgeOf = (edge: EdgePlan) => must(edges.get(edge))
    const { parts, frontiers, operators, stations, counters } = openParts(plan, gate, options, sinks, reports, edgeOf)
    const input = inputOf(plan, frontiers, options, edgeOf, (edge) => must(feederOf.get(edge)))
    const task = new Task(
      gate,
      input,
      plan.outputs.map(edgeOf),
      options.interpret ? interpretTask(parts) : compileTask(parts),
      endedBefore(plan, options),
    )
    tasks.set(plan, task)
    for (const output of plan.outputs) feederOf.set(output, task)
    if (input.from === 'source') sources.push({ station: input.station, task })
    const { head } = plan
    members.push({
      task,
      source: input.from === 'source' ? { node: head as SourceNode, station: input.station, counters, frontiers } : undefined,
      operators,
      sinks: stations,
      merging: input.from === 'edges' ? { node: head.name, fanIn: input.fanIn } : undefined,
    })
  }
  return { tasks: [...tasks.values()], sources, sinks, members, operatorReports: () => reports.map((report) => report()) }
}

function openParts(
  plan: TaskPlan,
  gate: Gate,
  options: BuildOptions,
  sinks: SinkStation[],
  reports: (() => OperatorStatusReport)[],
  edgeOf: (edge: EdgePlan) => Edge,
): {
  parts: TaskParts
  frontiers: PartitionFrontiers | undefined
  operators: OpenOperator[]
  stations: SinkStation[]
  counters: OperatorCounters
} {
  const fused = new Map<GraphNode, ReturnType<typeof openOperator>['fused']>()
  const stations = new Map<GraphNode, SinkStation>()
  const operators: OpenOperator[] = []
  const counters: OperatorCounters = { late: restoredSource(plan.head, options)?.late ?? 0 }
  let frontiers: PartitionFrontiers | undefined
  for (const node of plan.nodes) {
    if (node.role === 'operator') {
      const operator = openOperator(node, options.workerId, restoredOperator(node, options), options.tracked)
      operators.push(operator)
      fused.set(node, operator.fused)
      reports.push(operator.report)
    } else if (node.role === 'sink') {
      const station = openSink(node, gate, options)
      stations.set(node, station)
      sinks.push(station)
    } else if (node.epochs !== undefined) {
      frontiers = new PartitionFrontiers(node.outputTime, node.epochs, restoredSource(node, options)?.merged)
      fused.set(node, partitionEpochs(node, node.epochs, frontiers, counters))
      reports.push(() => ({ operator: node.name, kind: node.kind, late: counters.late, keys: 0 }))
    }
  }
  const job = options.graph.name
  const parts = {
    job,
    plan,
    gate,
    frontiers,
    edgeOf,
    fusedOf: (node: GraphNode) => must(fused.get(node)),
    sinkOf: (node: GraphNode) => must(stations.get(node)),
  }
  return { parts, frontiers, operators, stations: [...stations.values()], counters }
}

function restoredSource(node: GraphNode, { restored }: BuildOptions): SourceSnapshot | undefined {
  return restored?.snapshot.sources.find(({ source }) => source === node.name)
}

function restoredOperator(node: OperatorNode, { restored }: BuildOptions): RestoredOperator | undefined {
  const snapshot = restored?.snapshot.operators.find(({ operator }) => operator === node.name)
  return snapshot === undefined ? undefined : { snapshot, cells: restored?.cellsOf(node.name) }
}

/** Whether the task had come to its end in the snapshot: its own source, or all the sources that lead to it. */
function endedBefore({ head }: TaskPlan, options: BuildOptions): boolean {
  if (options.restored === undefined) return false
  const sourcesOf = (node: GraphNode): GraphNode[] =>
    node.role === 'source' ? [node] : node.inputs.flatMap((port) => sourcesOf(port.node))
  return sourcesOf(head).every((source) => restoredSource(source, options)?.ended ?? false)
}

function inputOf(
  plan: TaskPlan,
  frontiers: PartitionFrontiers | undefined,
  options: BuildOptions,
  edgeOf: (edge: EdgePlan) => Edge,
  feederOf: (edge: EdgePlan) => Task,
): TaskInput {
  const { head } = plan
  if (head.role === 'source') {
    return { from: 'source', station: openSource(head, frontiers, options), frontiers, end: head.outputTime.max }
  }
  const restored = options.restored?.snapshot.inputs.find(({ node }) => node === head.name)
  return { from: 'edges', fanIn: new FanIn(plan.inputs.map(edgeOf), head.inputTime, restored), feeders: plan.inputs.map(feederOf) }
}

function openSource(node: SourceNode, frontiers: PartitionFrontiers | undefined, options: BuildOptions): SourceStation {
  const { environment, waitLimitMs, wake, failed } = options
  return new SourceStation({
    node,
    job: options.graph.name,
    context: contextOf(node, options),
    environment,
    waitLimitMs,
    frontiers,
    restored: restoredSource(node, options),
    wake,
    failed,
  })
}

function openSink(node: SinkNode, gate: Gate, options: BuildOptions): SinkStation {
  const { environment, waitLimitMs, failed } = options
  return new SinkStation(gate, {
    node,
    job: options.graph.name,
    context: contextOf(node, options),
    environment,
    waitLimitMs,
    restored: options.restored?.snapshot.sinks.find(({ sink }) => sink === node.name),
    failed,
  })
}

function contextOf(node: GraphNode, { graph, workerId, generation }: BuildOptions): PartitionContext {
  return { job: graph.name, operator: node.name, worker: workerId, generation }
}

function must<T>(value: T | undefined): T {
  assert(value !== undefined, 'every part of a task is opened before the task')
  return value
}
