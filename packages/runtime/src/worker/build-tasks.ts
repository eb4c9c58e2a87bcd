import {
  assert,
  type GraphNode,
  type JobGraph,
  type Key,
  type OperatorCounters,
  type OperatorNode,
  type OperatorStatusReport,
  type PartitionContext,
  type Port,
  type SinkNode,
  type SourceNode,
  timeOfPort,
} from '@malstrom/core'
import { compileTask } from '../compile/compile-task.ts'
import { isAdded, isExchange, withExchanges } from '../compile/exchange-points.ts'
import { interpretTask } from '../compile/interpret-task.ts'
import type { TaskBody, TaskParts } from '../compile/task-body.ts'
import { type EdgePlan, planTasks, type TaskPlan } from '../compile/task-plan.ts'
import { Edge } from '../exchange/edge.ts'
import { ExchangeOutput } from '../exchange/exchange-output.ts'
import { FanIn } from '../exchange/fan-in.ts'
import type { Inlet, Outlet } from '../exchange/frame.ts'
import { sinkPartitionOwner } from '../sink/sink-partition-owner.ts'
import { SinkStation } from '../sink/sink-station.ts'
import { BarrierFilter } from '../snapshot/barrier-filter.ts'
import type { SinkSnapshot, Snapshot, SourceSnapshot } from '../snapshot/snapshot.ts'
import { partitionEpochs } from '../source/partition-epochs.ts'
import { PartitionFrontiers } from '../source/partition-frontiers.ts'
import { SourceStation } from '../source/source-station.ts'
import type { KeyedCells } from '../state/keyed-cells.ts'
import type { Cluster } from './cluster.ts'
import { isEndedBefore, isInputEndedBefore, restoredExchange } from './ended-before.ts'
import type { Environment } from './environment.ts'
import { Gate } from './gate.ts'
import { type OpenOperator, openOperator, type RestoredOperator } from './open-operator.ts'
import { Task, type TaskInput } from './task.ts'
import { WakingOperators } from './waking-operators.ts'
import { WorkerLinks } from './worker-links.ts'

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
  /** Set if the job runs on several workers. */
  readonly cluster: Cluster | undefined
  wake(): void
  failed(error: Error): void
}

/** A snapshot, with the states that its segments hold. */
export interface RestoredJob {
  readonly snapshot: Snapshot
  /** Whether this worker goes on with what it wrote itself, and only with that. */
  readonly ownChains: boolean
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
  /** What it writes to other tasks. */
  readonly outputs: readonly { readonly port: Port; readonly outlet: Outlet }[]
  /** The number of the exchange in front of it. */
  readonly exchange: number | undefined
  /** Where its records come in, and whether they have keys there. */
  readonly head: GraphNode
  readonly keyed: boolean
  /** The tasks that feed it, by their places in the list; one for each of its inputs. */
  readonly feeders: readonly number[]
  /** The head, if it merges streams. */
  readonly merging: { readonly node: string; readonly fanIn: FanIn; readonly barriers: BarrierFilter } | undefined
}

/** A job graph put to work on one worker. Tasks come in an order in which every task follows those that feed it. */
export interface BuiltTasks {
  readonly tasks: readonly Task[]
  readonly sources: readonly { readonly station: SourceStation; readonly task: Task }[]
  readonly sinks: readonly SinkStation[]
  readonly members: readonly TaskMembers[]
  /** The ways to the other workers, if there are any. */
  readonly links: WorkerLinks | undefined
  operatorReports(): OperatorStatusReport[]
}

export function buildTasks(options: BuildOptions): BuiltTasks {
  const { cluster } = options
  const links = cluster === undefined ? undefined : new WorkerLinks(cluster, !options.interpret, options.wake, options.failed)
  const graph = cluster === undefined ? options.graph : withExchanges(options.graph)
  const outlets = new Map<EdgePlan, Outlet>()
  /** What leads into a task: an edge, or an edge and a link from each other worker. */
  const inlets = new Map<EdgePlan, readonly Inlet[] | ReadonlyMap<number, Inlet>>()
  let exchanges = 0
  const numberOf = new Map<EdgePlan, number>()
  const tasks = new Map<TaskPlan, Task>()
  const feederOf = new Map<EdgePlan, Task>()
  const sources: { station: SourceStation; task: Task }[] = []
  const sinks: SinkStation[] = []
  const reports: (() => OperatorStatusReport)[] = []
  const members: TaskMembers[] = []

  for (const plan of planTasks(graph)) {
    const gate = new Gate(options.wake)
    for (const output of plan.outputs) {
      const time = timeOfPort(output.from)
      const edge = new Edge(output.keyed, time, output.side)
      outlets.set(output, edge)
      inlets.set(output, [edge])
      if (output.exchange === undefined || cluster === undefined || links === undefined) continue
      const { route } = output.exchange
      const number = exchanges++
      numberOf.set(output, number)
      const wayTo = (worker: number) => (worker === cluster.self ? edge : links.exchange(number, worker, output.keyed))
      outlets.set(output, new ExchangeOutput({ route, time, routing: cluster.routing, target: wayTo }))
      inlets.set(output, new Map(cluster.peers.map((worker) => [worker, wayTo(worker)])))
    }
    for (const output of plan.outputs) restoreOutlet(output, must(outlets.get(output)), options)
    const edgeOf = (edge: EdgePlan) => must(outlets.get(edge))
    const inletsOf = (edge: EdgePlan) => must(inlets.get(edge))
    const { parts, frontiers, operators, stations, counters } = openParts(plan, gate, options, sinks, reports, edgeOf)
    const input = inputOf(plan, frontiers, options, inletsOf, (edge) => must(feederOf.get(edge)))
    const body = options.interpret ? interpretTask(parts) : compileTask(parts, options.environment.taskFunctions)
    const task = new Task({
      gate,
      input,
      outputs: plan.outputs.map(edgeOf),
      body,
      waking: wakingOf(operators, body),
      ended: endedBefore(plan, options),
      distributed: cluster !== undefined,
      beforeExchange: isBeforeExchange(plan.head),
      joining: cluster?.joining ?? false,
    })
    tasks.set(plan, task)
    for (const output of plan.outputs) feederOf.set(output, task)
    if (input.from === 'source') sources.push({ station: input.station, task })
    const { head } = plan
    members.push({
      task,
      source: input.from === 'source' ? { node: head as SourceNode, station: input.station, counters, frontiers } : undefined,
      operators,
      sinks: stations,
      outputs: plan.outputs.map((output) => ({ port: output.from, outlet: edgeOf(output) })),
      exchange: input.from === 'exchange' ? numberOf.get(must(plan.inputs[0])) : undefined,
      head,
      keyed: head.role !== 'source' && head.keyed,
      feeders: plan.inputs.map((edge) => members.findIndex(({ task: feeder }) => feeder === feederOf.get(edge))),
      merging: input.from !== 'source' ? { node: head.name, fanIn: input.fanIn, barriers: input.barriers } : undefined,
    })
  }
  return { tasks: [...tasks.values()], sources, sinks, members, links, operatorReports: () => reports.map((report) => report()) }
}

function openParts(
  plan: TaskPlan,
  gate: Gate,
  options: BuildOptions,
  sinks: SinkStation[],
  reports: (() => OperatorStatusReport)[],
  edgeOf: (edge: EdgePlan) => Outlet,
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
  const counters: OperatorCounters = { late: countsGoOn(options) ? (restoredSource(plan.head, options)?.late ?? 0) : 0, skipped: 0 }
  let frontiers: PartitionFrontiers | undefined
  for (const node of plan.nodes) {
    if (node.role === 'operator') {
      const operator = openOperator(node, options, restoredOperator(node, options))
      operators.push(operator)
      fused.set(node, operator.fused)
      if (!isAdded(node)) reports.push(operator.report)
    } else if (node.role === 'sink') {
      const station = openSink(node, gate, options)
      stations.set(node, station)
      sinks.push(station)
    } else if (node.epochs !== undefined) {
      frontiers = new PartitionFrontiers(node.outputTime, restoredSource(node, options)?.merged)
      fused.set(node, partitionEpochs(node, node.epochs, frontiers, counters))
      reports.push(() => ({ operator: node.name, kind: node.kind, late: counters.late, skipped: 0, keys: 0 }))
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

function wakingOf(operators: readonly OpenOperator[], { wakes }: TaskBody): WakingOperators {
  return new WakingOperators(
    wakes.map(({ node, run }) => {
      const { alarm, fused } = must(operators.find((operator) => operator.node === node))
      return { alarm, fused, run }
    }),
  )
}

/** Whether this worker goes on counting where the job stood: one of them does. */
function countsGoOn({ cluster }: BuildOptions): boolean {
  return cluster === undefined || cluster.self === cluster.routing.workers[0]
}

function restoredSource(node: GraphNode, { restored }: BuildOptions): SourceSnapshot | undefined {
  return restored?.snapshot.sources.find(({ source }) => source === node.name)
}

function restoredOperator(node: OperatorNode, options: BuildOptions): RestoredOperator | undefined {
  const snapshot = options.restored?.snapshot.operators.find(({ operator }) => operator === node.name)
  if (snapshot === undefined) return undefined
  const goesOn = countsGoOn(options)
  const { late, skipped = 0 } = snapshot
  return {
    snapshot,
    counters: { late: goesOn ? late : 0, skipped: goesOn ? skipped : 0 },
    cells: options.restored?.cellsOf(node.name),
    inputEnded: isInputEndedBefore(node, options.restored?.snapshot),
  }
}

/** Whether the task had come to its end in the snapshot: its own source, or all that leads to it. */
function endedBefore({ head }: TaskPlan, { restored }: BuildOptions): boolean {
  return head.role === 'source' ? isEndedBefore(head, restored?.snapshot) : isInputEndedBefore(head, restored?.snapshot)
}

/** Whether a way leads from a source to a node without an exchange: what comes that way may be behind after a rescale. */
function isBeforeExchange(node: GraphNode): boolean {
  return node.role === 'source' || (!isExchange(node) && node.inputs.some((port) => isBeforeExchange(port.node)))
}

function inputOf(
  plan: TaskPlan,
  frontiers: PartitionFrontiers | undefined,
  options: BuildOptions,
  inletsOf: (edge: EdgePlan) => readonly Inlet[] | ReadonlyMap<number, Inlet>,
  feederOf: (edge: EdgePlan) => Task,
): TaskInput {
  const { head } = plan
  if (head.role === 'source') {
    return { from: 'source', station: openSource(head, frontiers, options), frontiers, end: head.outputTime.max }
  }
  const barriers = new BarrierFilter()
  if (options.cluster !== undefined && isExchange(head)) {
    const ways = inletsOf(must(plan.inputs[0])) as ReadonlyMap<number, Inlet>
    const inlets = new Map([...ways].map(([worker, inlet]) => [worker, barriers.of(inlet)]))
    const restored = restoredExchange(head, options.restored?.snapshot)
    return { from: 'exchange', fanIn: new FanIn(inlets, head.inputTime, restored, options.cluster.joining), barriers }
  }
  const restored = options.restored?.snapshot.inputs.find(({ node }) => node === head.name)
  const edges = plan.inputs.flatMap((edge) => [...inletsOf(edge).values()].map((inlet) => barriers.of(inlet)))
  const late = new Set(
    plan.inputs.flatMap((edge) => [...inletsOf(edge).values()].map(() => edge.late)).flatMap((is, index) => (is ? [index] : [])),
  )
  return { from: 'edges', fanIn: new FanIn(edges, head.inputTime, restored, false, late), barriers, feeders: plan.inputs.map(feederOf) }
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
    assigned: options.cluster && (options.cluster.assigned.get(node.name) ?? []),
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
    restored: restoredSink(node, options),
    failed,
  })
}

/** What of the sink this worker goes on with: each partition has one opener. */
function restoredSink(node: SinkNode, options: BuildOptions): SinkSnapshot | undefined {
  const { restored, cluster } = options
  const saved = restored?.snapshot.sinks.find(({ sink }) => sink === node.name)
  if (saved === undefined || cluster === undefined) return saved
  const { self, routing } = cluster
  const partitions = saved.partitions.filter(({ partition }) => sinkPartitionOwner(node, partition, routing.workers) === self)
  return { ...saved, partitions, written: countsGoOn(options) ? saved.written : 0 }
}

/** The last epoch that had left it before the job was restored. */
function restoreOutlet({ from }: EdgePlan, outlet: Outlet, options: BuildOptions): void {
  const { restored } = options
  if (restored === undefined) return
  const saved = restored.snapshot.outputs.find(({ operator, output }) => operator === from.node.name && output === from.output)
  if (saved?.frontier !== undefined) outlet.adopt([saved.frontier])
  else if (isEndedBefore(from.node, restored.snapshot)) outlet.adopt([timeOfPort(from).max])
}

function contextOf(node: GraphNode, { graph, workerId, generation }: BuildOptions): PartitionContext {
  return { job: graph.name, operator: node.name, worker: workerId, generation }
}

function must<T>(value: T | undefined): T {
  assert(value !== undefined, 'every part of a task is opened before the task')
  return value
}
