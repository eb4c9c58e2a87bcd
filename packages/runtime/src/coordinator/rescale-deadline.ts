import { MalstromError, type SnapshotVersion, type WorkerId } from '@malstrom/core'
import type { WorkerSnapshot } from '../snapshot/snapshot.ts'
import type { WorkerHandle } from '../worker/worker-handle.ts'
import type { WorkerReport } from '../worker/worker-report.ts'
import { duration } from './duration.ts'
import { reportsOf } from './explain-job.ts'
import type { GenerationOptions } from './generation-options.ts'
import { inTime } from './in-time.ts'
import type { SnapshotWatch } from './snapshot-watch.ts'

export interface RescaleDeadlineOptions extends Pick<GenerationOptions, 'graph' | 'environment' | 'state'> {
  readonly watch: SnapshotWatch
  readonly before: number
  readonly count: number
}

/**
 * How long a rescale waits for its workers: `snapshotTimeoutMs` until the marker has passed everything and what it is the barrier of is
 * durable, and as long again until everything has moved. The marker cannot be taken back as other barriers can: the tasks that it has
 * passed send by the new routing, and partitions of sources have moved. So a rescale that takes longer ends the generation. What it
 * leads to is always whole: before the commit the last snapshot and the old workers, after it the marker's snapshot and the new ones.
 */
export class RescaleDeadline {
  readonly #options: RescaleDeadlineOptions

  constructor(options: RescaleDeadlineOptions) {
    this.#options = options
  }

  /** Waits for what all workers contribute at the marker. @throws MalstromError `ERR_TIMEOUT` */
  marker(
    version: SnapshotVersion,
    workers: readonly WorkerHandle[],
    take: (worker: WorkerHandle) => Promise<WorkerSnapshot>,
  ): Promise<WorkerSnapshot[]> {
    const { watch, before } = this.#options
    watch.begin(
      version,
      workers.map(({ id }) => id),
    )
    return this.#each(workers, take, {
      arrived: (worker) => watch.contributed(worker),
      late: (reports) => ({
        what: 'its marker had not passed everything',
        waits: watch.explain(reports).underWay?.waitsFor ?? [],
        next: `The job goes back to its last snapshot, and goes on with ${workersText(before)}, as before.`,
      }),
    })
  }

  /** Waits until everything that moves has moved. @throws MalstromError `ERR_TIMEOUT` */
  async moved(version: SnapshotVersion, workers: readonly WorkerHandle[]): Promise<void> {
    const owed = new Set(workers.map(({ id }) => id))
    await this.#each(workers, (worker) => worker.rerouted(), {
      arrived: (worker) => owed.delete(worker),
      late: (reports) => ({
        what: 'not everything had moved',
        waits: [
          ...[...owed].map((worker) => `worker ${worker} to have what comes to it and to be rid of what leaves it`),
          ...fullSinks(reports),
        ],
        next: `The job goes back to snapshot ${version}, which is that of the rescale, and goes on with ${workersText(this.#options.count)}.`,
      }),
    })
  }

  async #each<T>(workers: readonly WorkerHandle[], action: (worker: WorkerHandle) => Promise<T>, { arrived, late }: Stage): Promise<T[]> {
    const { graph, environment, state, count } = this.#options
    const timeoutMs = state?.timeoutMs ?? Number.POSITIVE_INFINITY
    const all = Promise.all(
      workers.map(async (worker) => {
        const result = await action(worker)
        arrived(worker.id)
        return result
      }),
    )
    const results = await inTime(environment, timeoutMs, all)
    if (results !== undefined) return results
    const { what, waits, next } = late(await reportsOf(workers, environment))
    throw new MalstromError(
      'ERR_TIMEOUT',
      `The rescale of job "${graph.name}" to ${workersText(count)} has failed: after ${duration(timeoutMs)} ${what}. ` +
        `It waited for ${waits.join(', ')}. ${next} If that is no failure, raise snapshotTimeoutMs.`,
      { context: { job: graph.name } },
    )
  }
}

interface Stage {
  /** A worker has done its part. */
  arrived(worker: WorkerId): void
  /** What to say when time is up. */
  late(reports: readonly WorkerReport[]): { readonly what: string; readonly waits: readonly string[]; readonly next: string }
}

function fullSinks(reports: readonly WorkerReport[]): string[] {
  return reports.flatMap(({ worker, tasks }) =>
    tasks
      .flatMap(({ sinks }) => sinks)
      .flatMap(({ sink, waiting }) => (waiting === undefined ? [] : [`sink "${sink}" to have room (worker ${worker})`])),
  )
}

function workersText(count: number): string {
  return count === 1 ? '1 worker' : `${count} workers`
}
