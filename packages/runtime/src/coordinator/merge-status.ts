import type { JobGraph, OperatorStatusReport, SourceStatusReport } from '@malstrom/core'
import { mergeAll } from '../exchange/merge-all.ts'
import type { WorkerState, WorkerStatus } from '../worker/worker-status.ts'

/** What a job has done, as one: the sum of what its workers have. `retired` is what those counted that are gone. */
export function mergeStatus(graph: JobGraph, running: readonly WorkerStatus[], retired: WorkerStatus | undefined): WorkerStatus {
  const [only] = running
  if (running.length === 1 && retired === undefined && only !== undefined) return only
  const all = retired === undefined ? running : [...running, retired]
  const sources = running.flatMap((status) => status.sources)
  return {
    job: graph.name,
    state: stateOf(running),
    recordsIn: sum(sources.map(({ recordsIn }) => recordsIn)),
    recordsOut: sum(all.map(({ recordsOut }) => recordsOut)),
    late: sum(all.map(({ late }) => late)),
    skipped: sum(all.map(({ skipped }) => skipped)),
    frontier: frontierOf(graph, running),
    sources: sources as readonly SourceStatusReport[],
    operators: operatorsOf(all),
  }
}

function stateOf(running: readonly WorkerStatus[]): WorkerState {
  const states = running.map(({ state }) => state)
  return states.find((state) => state === 'failed') ?? states.find((state) => state === 'running') ?? states[0] ?? 'finished'
}

function frontierOf({ nodes }: JobGraph, running: readonly WorkerStatus[]): unknown {
  const known = running.flatMap(({ frontier }) => (frontier === undefined ? [] : [frontier]))
  const sinks = nodes.filter((node) => node.role === 'sink')
  const time = sinks[0]?.inputTime
  if (time === undefined || known.length === 0 || sinks.some(({ inputTime }) => inputTime !== time)) return undefined
  return mergeAll(time, known)
}

function operatorsOf(all: readonly WorkerStatus[]): OperatorStatusReport[] {
  const byName = new Map<string, OperatorStatusReport>()
  for (const report of all.flatMap(({ operators }) => operators)) {
    const known = byName.get(report.operator)
    const { late, skipped, keys } = known ?? { late: 0, skipped: 0, keys: 0 }
    byName.set(report.operator, { ...report, late: late + report.late, skipped: skipped + report.skipped, keys: keys + report.keys })
  }
  return [...byName.values()]
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
