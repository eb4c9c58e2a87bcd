import {
  assert,
  type GraphNode,
  type JobGraph,
  type OperatorCounters,
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
import { partitionEpochs } from '../source/partition-epochs.ts'
import { PartitionFrontiers } from '../source/partition-frontiers.ts'
import { SourceStation } from '../source/source-station.ts'
import type { Environment } from './environment.ts'
import { Gate } from './gate.ts'
import { openOperator } from './open-operator.ts'
import { Task, type TaskInput } from './task.ts'

export interface BuildOptions {
  readonly graph: JobGraph
  readonly workerId: number
  readonly generation: number
  readonly environment: Environment
  readonly waitLimitMs: number
  readonly interpret: boolean
  wake(): void
  failed(error: Error): void
}

/** A job graph put to work on one worker. Tasks come in an order in which every task follows those that feed it. */
export interface BuiltTasks {
  readonly tasks: readonly Task[]
  readonly sources: readonly { readonly station: SourceStation; readonly task: Task }[]
  readonly sinks: readonly SinkStation[]
  operatorReports(): OperatorStatusReport[]
}

export function buildTasks(options: BuildOptions): BuiltTasks {
  const edges = new Map<EdgePlan, Edge>()
  const tasks = new Map<TaskPlan, Task>()
  const feederOf = new Map<EdgePlan, Task>()
  const sources: { station: SourceStation; task: Task }[] = []
  const sinks: SinkStation[] = []
  const reports: (() => OperatorStatusReport)[] = []

  for (const plan of planTasks(options.graph)) {
    const gate = new Gate(options.wake)
    for (const output of plan.outputs) edges.set(output, new Edge(output.keyed, output.from.node.outputTime))
    const edgeOf = (edge: EdgePlan) => must(edges.get(edge))
    const { parts, frontiers } = openParts(plan, gate, options, sinks, reports, edgeOf)
    const input = inputOf(plan, frontiers, options, edgeOf, (edge) => must(feederOf.get(edge)))
    const task = new Task(gate, input, plan.outputs.map(edgeOf), options.interpret ? interpretTask(parts) : compileTask(parts))
    tasks.set(plan, task)
    for (const output of plan.outputs) feederOf.set(output, task)
    if (input.from === 'source') sources.push({ station: input.station, task })
  }
  return { tasks: [...tasks.values()], sources, sinks, operatorReports: () => reports.map((report) => report()) }
}

function openParts(
  plan: TaskPlan,
  gate: Gate,
  options: BuildOptions,
  sinks: SinkStation[],
  reports: (() => OperatorStatusReport)[],
  edgeOf: (edge: EdgePlan) => Edge,
): { parts: TaskParts; frontiers: PartitionFrontiers | undefined } {
  const fused = new Map<GraphNode, ReturnType<typeof openOperator>['fused']>()
  const stations = new Map<GraphNode, SinkStation>()
  let frontiers: PartitionFrontiers | undefined
  for (const node of plan.nodes) {
    if (node.role === 'operator') {
      const operator = openOperator(node, options.workerId)
      fused.set(node, operator.fused)
      reports.push(operator.report)
    } else if (node.role === 'sink') {
      const station = openSink(node, gate, options)
      stations.set(node, station)
      sinks.push(station)
    } else if (node.epochs !== undefined) {
      const counters: OperatorCounters = { late: 0 }
      frontiers = new PartitionFrontiers(node.outputTime, node.epochs)
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
  return { parts, frontiers }
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
  return { from: 'edges', fanIn: new FanIn(plan.inputs.map(edgeOf), head.inputTime), feeders: plan.inputs.map(feederOf) }
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
    wake,
    failed,
  })
}

function openSink(node: SinkNode, gate: Gate, options: BuildOptions): SinkStation {
  const { environment, waitLimitMs, failed } = options
  return new SinkStation(gate, { node, job: options.graph.name, context: contextOf(node, options), environment, waitLimitMs, failed })
}

function contextOf(node: GraphNode, { graph, workerId, generation }: BuildOptions): PartitionContext {
  return { job: graph.name, operator: node.name, worker: workerId, generation }
}

function must<T>(value: T | undefined): T {
  assert(value !== undefined, 'every part of a task is opened before the task')
  return value
}
