import type { JobStatus } from '@malstrom/core'
import type { BuiltTasks } from './build-tasks.ts'

export type WorkerState = 'running' | 'finished' | 'cancelled' | 'suspended' | 'failed'

/** What a worker knows of the state of its job. */
export type WorkerStatus = Omit<JobStatus, 'state' | 'snapshot' | 'restarts'> & { readonly state: WorkerState }

export function workerStatus(job: string, state: WorkerState, sources: JobStatus['sources'], built: BuiltTasks): WorkerStatus {
  const operators = built.operatorReports()
  return {
    job,
    state,
    recordsIn: sources.reduce((sum, { recordsIn }) => sum + recordsIn, 0),
    recordsOut: built.sinks.reduce((sum, { written }) => sum + written, 0),
    late: operators.reduce((sum, { late }) => sum + late, 0),
    skipped: operators.reduce((sum, { skipped }) => sum + skipped, 0),
    frontier: frontierOf(built),
    sources,
    operators,
  }
}

/** The least frontier of all sinks that know one. */
function frontierOf({ sinks }: BuiltTasks): unknown {
  const [first, ...others] = sinks.filter(({ frontier }) => frontier !== undefined)
  if (first === undefined) return undefined
  const time = first.node.inputTime
  // Timestamps of different kinds have no order.
  if (others.some(({ node }) => node.inputTime !== time)) return undefined
  return others.reduce((least, { frontier }) => time.merge(least, frontier), first.frontier)
}
