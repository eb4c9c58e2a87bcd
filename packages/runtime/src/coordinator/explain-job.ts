import type { Explanation, Finding, JobGraph, JobStatus, SnapshotExplanation, WorkerId } from '@malstrom/core'
import type { Environment } from '../worker/environment.ts'
import { show } from '../worker/failure.ts'
import type { WorkerHandle } from '../worker/worker-handle.ts'
import type { WorkerReport } from '../worker/worker-report.ts'
import { blockedFindings } from './blocked-findings.ts'
import { duration } from './duration.ts'
import { epochFindings, frontierFindings, idleFindings, waitFindings } from './frontier-findings.ts'
import type { SnapshotWatch } from './snapshot-watch.ts'

/** How long a worker may take to say what it waits for. */
export const ANSWER_MS_MAX = 2_000

export interface RunningParts {
  readonly graph: JobGraph
  readonly environment: Environment
  readonly workers: readonly WorkerHandle[]
  readonly watch: SnapshotWatch
  readonly status: JobStatus
}

/** Asks all workers what they wait for, and says what is in the way. */
export async function explainRunning({ graph, environment, workers, watch, status }: RunningParts): Promise<Explanation> {
  const answers = await Promise.all(workers.map((worker) => answerOf(worker, environment)))
  const reports = answers.flatMap(({ report }) => (report === undefined ? [] : [report]))
  const snapshot = watch.explain(reports)
  const findings = [
    ...answers.flatMap(({ worker, report }) => (report === undefined ? [silent(worker)] : [])),
    ...blockedFindings(reports),
    ...snapshotFindings(snapshot),
    ...epochFindings(graph, reports),
    ...frontierFindings(graph, reports),
    ...waitFindings(reports),
    ...idleFindings(reports),
    ...countFindings(status),
  ]
  return explanationOf(status, snapshot, findings)
}

/** The explanation of a job of which nothing runs at present. `cause` is why, if it has failed. */
export function explainStopped(status: JobStatus, cause: unknown): Explanation {
  const how =
    status.state === 'restarting'
      ? 'It goes back to its last snapshot, and nothing is read meanwhile'
      : `Nothing runs: it is ${status.state}`
  const why = cause instanceof Error ? `${how}: ${cause.message}` : `${how}.`
  const snapshot = { version: status.snapshot, ageMs: undefined, underWay: undefined }
  return explanationOf(status, snapshot, [{ kind: 'not-running', message: why }, ...countFindings(status)])
}

function explanationOf(status: JobStatus, snapshot: SnapshotExplanation, findings: readonly Finding[]): Explanation {
  const { job, state, frontier } = status
  const taken = snapshot.version === undefined ? 'No snapshot yet.' : `The last snapshot is version ${snapshot.version}${aged(snapshot)}.`
  const lines = [
    `Job "${job}" is ${state}. Its frontier is ${frontier === undefined ? 'not known yet' : show(frontier)}. ${taken}`,
    ...(findings.length === 0 ? ['Nothing is in the way that its parts know of.'] : []),
    ...findings.map(({ message }) => `- ${message}`),
  ]
  return { job, state, frontier, snapshot, findings, text: `${lines.join('\n')}\n` }
}

function aged({ ageMs }: SnapshotExplanation): string {
  return ageMs === undefined ? '' : `, ${duration(ageMs)} old`
}

interface Answer {
  readonly worker: WorkerId
  /** `undefined` if there was no answer in time. */
  readonly report: WorkerReport | undefined
}

/** What those workers wait for that answer in time. */
export async function reportsOf(workers: readonly WorkerHandle[], environment: Environment): Promise<WorkerReport[]> {
  const answers = await Promise.all(workers.map((worker) => answerOf(worker, environment)))
  return answers.flatMap(({ report }) => (report === undefined ? [] : [report]))
}

function answerOf(handle: WorkerHandle, environment: Environment): Promise<Answer> {
  const worker = handle.id
  return new Promise((resolve) => {
    const cancel = environment.after(ANSWER_MS_MAX, () => resolve({ worker, report: undefined }))
    handle
      .explain()
      .then(
        (report) => resolve({ worker, report }),
        () => resolve({ worker, report: undefined }), // It ends: that is for others to treat.
      )
      .finally(cancel)
  })
}

function silent(worker: WorkerId): Finding {
  return {
    kind: 'worker-silent',
    worker,
    message: `Worker ${worker} does not answer: it has stopped, cannot be reached, or a function of the job keeps it busy.`,
  }
}

function snapshotFindings({ underWay }: SnapshotExplanation): Finding[] {
  if (underWay === undefined) return []
  const { version, forMs, waitsFor } = underWay
  return [
    { kind: 'snapshot', forMs, message: `Snapshot ${version} is under way for ${duration(forMs)}; it waits for ${waitsFor.join(', ')}.` },
  ]
}

function countFindings({ operators }: JobStatus): Finding[] {
  return operators.flatMap(({ operator, late, skipped }): Finding[] => [
    ...(late === 0 ? [] : [counted('late', operator, late, `${late} records came behind the frontier of "${operator}" so far.`)]),
    ...(skipped === 0
      ? []
      : [counted('skipped', operator, skipped, `"${operator}" has skipped ${skipped} records for which it threw so far.`)]),
  ])
}

function counted(kind: 'late' | 'skipped', operator: string, count: number, message: string): Finding {
  return { kind, operator, count, message }
}
