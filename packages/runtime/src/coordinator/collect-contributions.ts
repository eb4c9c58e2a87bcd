import { type JobGraph, MalstromError } from '@malstrom/core'
import type { Barrier } from '../snapshot/barrier.ts'
import type { WorkerSnapshot } from '../snapshot/snapshot.ts'
import type { Environment } from '../worker/environment.ts'
import type { WorkerHandle } from '../worker/worker-handle.ts'
import { duration } from './duration.ts'
import { reportsOf } from './explain-job.ts'
import type { GenerationState } from './generation-options.ts'
import { inTime } from './in-time.ts'
import type { SnapshotWatch } from './snapshot-watch.ts'

export interface CollectOptions {
  readonly graph: JobGraph
  readonly environment: Environment
  readonly workers: readonly WorkerHandle[]
  readonly watch: SnapshotWatch
  readonly state: Pick<GenerationState, 'timeoutMs'> | undefined
}

/** What the workers have contributed, or why it was abandoned and whether the job goes on as if it had not been begun. */
export type Collected =
  | { readonly contributions: readonly WorkerSnapshot[] }
  | { readonly abandoned: MalstromError; readonly goesOn: boolean }

/**
 * Has all workers take a snapshot, and abandons it if they have not after a time: a sink that is full for long, for
 * example, keeps the barrier from passing. As long as a snapshot is under way nothing else can be, and inputs that have delivered its
 * barrier stand still, so it must not wait for ever. (Flink: the checkpoint timeout.)
 *
 *     barrier n          to all workers
 *     abandon n          to all workers, after the time: barriers n are dropped where they are and where they come
 *     (answers)          from all: no barrier n can stop anything any more, so n + 1 may begin
 */
export async function collectContributions(barrier: Barrier, options: CollectOptions): Promise<Collected> {
  const { environment, workers, watch, state } = options
  const timeoutMs = state?.timeoutMs ?? Number.POSITIVE_INFINITY
  watch.begin(
    barrier.version,
    workers.map(({ id }) => id),
  )
  const taking = Promise.all(
    workers.map((worker) => {
      const taken = worker.snapshot(barrier)
      taken.then(() => watch.contributed(worker.id)).catch(() => {}) // Whoever waits for it hears of a failure.
      return taken
    }),
  )
  taking.catch(() => {}) // When it is abandoned, nobody waits.
  const contributions = await inTime(environment, timeoutMs, taking)
  if (contributions !== undefined) return { contributions }
  const waits = watch.explain(await reportsOf(workers, environment)).underWay?.waitsFor ?? []
  const answers = await Promise.all(workers.map((worker) => worker.abandonSnapshot(barrier.version)))
  watch.done()
  const goesOn = answers.every((answer) => answer)
  const [job, after] = [options.graph.name, duration(timeoutMs)]
  const next = goesOn
    ? 'The job goes on; the next snapshot is tried when it is due.'
    : 'A sink had staged output for it that it cannot keep for the next one, so the job goes back to its last snapshot.'
  const message =
    `Snapshot ${barrier.version} of job "${job}" was abandoned after ${after}: it waited for ${waits.join(', ')}. ${next} ` +
    'If that is no failure, raise snapshotTimeoutMs.'
  return { abandoned: new MalstromError('ERR_SNAPSHOT_TIMEOUT', message, { context: { job } }), goesOn }
}
