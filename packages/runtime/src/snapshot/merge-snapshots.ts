import { type GraphNode, type JobGraph, type Port, type TimestampAlgebra, timeOfPort } from '@malstrom/core'
import { withExchanges } from '../compile/exchange-points.ts'
import { mergeAll } from '../exchange/merge-all.ts'
import type {
  InputSnapshot,
  OperatorSnapshot,
  OutputSnapshot,
  SinkSnapshot,
  Snapshot,
  SourceSnapshot,
  StateSnapshot,
  WorkerSnapshot,
} from './snapshot.ts'

/** A snapshot of a whole job. `distributed`: whether it runs on several workers. */
export function snapshotOf(
  graph: JobGraph,
  distributed: boolean,
  contributions: readonly WorkerSnapshot[],
  about: Pick<Snapshot, 'version' | 'generation' | 'takenAtMs' | 'finished' | 'workers'>,
): Snapshot {
  const { name: job, fingerprint } = graph
  return { ...about, job, fingerprint, ...mergeSnapshots(distributed ? withExchanges(graph) : graph, contributions) }
}

/** What the workers contribute to a snapshot, as one: positions and states of all, and frontiers that hold for all. */
function mergeSnapshots(graph: JobGraph, contributions: readonly WorkerSnapshot[]): WorkerSnapshot {
  const [only] = contributions
  if (contributions.length === 1 && only !== undefined) return only
  const timeOf = (name: string, side: 'inputTime' | 'outputTime') => timeOfNode(graph, name, side)
  return {
    sources: merged(
      contributions.flatMap(({ sources }) => sources),
      ({ source }) => source,
      (parts, name) => mergeSources(parts, timeOf(name, 'outputTime')),
    ),
    operators: merged(
      contributions.flatMap(({ operators }) => operators),
      ({ operator }) => operator,
      mergeOperators,
    ),
    sinks: merged(
      contributions.flatMap(({ sinks }) => sinks),
      ({ sink }) => sink,
      (parts, name) => mergeSinks(parts, timeOf(name, 'inputTime')),
    ),
    inputs: merged(
      contributions.flatMap(({ inputs }) => inputs),
      ({ node }) => node,
      (parts, name) => mergeInputs(parts, timeOf(name, 'inputTime')),
    ),
    outputs: merged(
      contributions.flatMap(({ outputs }) => outputs),
      ({ operator, output }) => `${output} ${operator}`,
      (parts) => mergeOutputs(parts, timeOfOutput(graph, parts[0])),
    ),
  }
}

type Some<P> = readonly [P, ...P[]]

function merged<P>(all: readonly P[], nameOf: (part: P) => string, merge: (parts: Some<P>, name: string) => P): P[] {
  const byName = new Map<string, [P, ...P[]]>()
  for (const part of all) {
    const known = byName.get(nameOf(part))
    if (known === undefined) byName.set(nameOf(part), [part])
    else known.push(part)
  }
  return [...byName].map(([name, parts]) => merge(parts, name))
}

function mergeSources(parts: Some<SourceSnapshot>, time: TimestampAlgebra<unknown>): SourceSnapshot {
  // A worker that has no partition says nothing about the frontier.
  const reading = parts.filter(({ partitions }) => partitions.length > 0)
  return {
    source: parts[0].source,
    ended: (reading.length > 0 ? reading : parts).every(({ ended }) => ended),
    merged: mergeAll(
      time,
      reading.map((part) => part.merged),
    ),
    late: sum(parts.map(({ late }) => late)),
    partitions: parts.flatMap(({ partitions }) => partitions),
  }
}

function mergeOperators(parts: Some<OperatorSnapshot>): OperatorSnapshot {
  const states = parts.flatMap(({ state }) => (state === undefined ? [] : [state]))
  const [state] = states
  return {
    ...parts[0],
    late: sum(parts.map(({ late }) => late)),
    skipped: sum(parts.map(({ skipped = 0 }) => skipped)),
    own: parts.flatMap(({ own }) => own),
    ...(parts.some(({ pending }) => pending === true) ? { pending: true } : {}),
    state: state === undefined ? undefined : mergeStates([state, ...states.slice(1)]),
  }
}

function mergeStates(states: Some<StateSnapshot>): StateSnapshot {
  return { ...states[0], keys: sum(states.map(({ keys }) => keys)), chains: states.flatMap(({ chains }) => chains) }
}

function mergeSinks(parts: Some<SinkSnapshot>, time: TimestampAlgebra<unknown>): SinkSnapshot {
  return {
    sink: parts[0].sink,
    written: sum(parts.map(({ written }) => written)),
    frontier: mergeAll(
      time,
      parts.map(({ frontier }) => frontier),
    ),
    partitions: parts.flatMap(({ partitions }) => partitions),
  }
}

function mergeInputs(parts: Some<InputSnapshot>, time: TimestampAlgebra<unknown>): InputSnapshot {
  return {
    node: parts[0].node,
    frontiers: parts[0].frontiers.map((_frontier, index) =>
      mergeAll(
        time,
        parts.map(({ frontiers }) => frontiers[index]),
      ),
    ),
    merged: mergeAll(
      time,
      parts.map((part) => part.merged),
    ),
  }
}

function mergeOutputs(parts: Some<OutputSnapshot>, time: TimestampAlgebra<unknown>): OutputSnapshot {
  return {
    ...parts[0],
    frontier: mergeAll(
      time,
      parts.map(({ frontier }) => frontier),
    ),
  }
}

function timeOfNode(graph: JobGraph, name: string, side: 'inputTime' | 'outputTime'): TimestampAlgebra<unknown> {
  const node = graph.nodes.find((known) => known.name === name) as GraphNode
  return side === 'inputTime' && node.role !== 'source' ? node.inputTime : (node as { outputTime: TimestampAlgebra<unknown> }).outputTime
}

function timeOfOutput({ nodes }: JobGraph, { operator, output }: OutputSnapshot): TimestampAlgebra<unknown> {
  return timeOfPort({ node: nodes.find(({ name }) => name === operator) as Port['node'], output })
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
