import type { SnapshotVersion, WorkerId } from '@malstrom/core'
import { sinkPartitionOwner } from '../sink/sink-partition-owner.ts'
import type { Snapshot, WorkerSnapshot } from '../snapshot/snapshot.ts'
import type { MovedSink, PartitionMove, WorkerHandle } from '../worker/worker-handle.ts'
import type { GenerationOptions } from './generation-options.ts'
import { RescaleDeadline } from './rescale-deadline.ts'
import type { SnapshotWatch } from './snapshot-watch.ts'

export interface RescaleOptions extends Pick<GenerationOptions, 'graph' | 'environment' | 'state'> {
  readonly watch: SnapshotWatch
  readonly before: readonly WorkerId[]
  /** Ids for workers that join: a worker that has left never comes back, because what it was sent last might still be under way. */
  newId(): WorkerId
  /** How many workers there are to be. */
  readonly count: number
  /** The version of the routing that begins. */
  readonly routingVersion: number
  /** The version of the snapshot that the marker is the barrier of. */
  readonly version: SnapshotVersion
  worker(id: WorkerId): WorkerHandle
  startWorkers(ids: readonly WorkerId[], peers: readonly WorkerId[]): Promise<void>
  reassign(workers: readonly WorkerId[]): readonly PartitionMove[]
  commit(version: SnapshotVersion, contributions: readonly WorkerSnapshot[]): Promise<Snapshot>
  /** The marker is about to be sent. */
  begin(): void
}

/**
 * The coordinator's side of a rescale. A rescale is a snapshot barrier that also reroutes, called the marker:
 *
 * 1. New workers start, open their links to all and wait. Everybody is told who leaves, who joins and which partitions
 *    of sources move (`prepare`): only then can a marker exist.
 * 2. Sources send the marker after what they have read. It is aligned at every task, like any barrier; there the task takes
 *    the snapshot, sends records by the new routing from then on, and begins to hand over the states of keys that have moved.
 *    Its cut holds no record in flight, so it is a snapshot to go back to: it is committed like any other.
 * 3. Sinks make visible what they staged for it, and only then close the partitions that move; their new writers open them.
 * 4. Each worker says when everything has moved: states, partitions, and the frontiers that were told anew.
 * 5. Workers that are no longer needed end.
 *
 * Any failure on the way is an ordinary failure of the generation: back to the last commit. So is it if 2 or 4 takes too long.
 */
export class Rescale {
  /** The workers afterwards. */
  readonly after: readonly WorkerId[]
  readonly #options: RescaleOptions

  constructor(options: RescaleOptions) {
    this.#options = options
    const { before, count, newId } = options
    const added = Array.from({ length: Math.max(0, count - before.length) }, () => newId())
    this.after = [...before.slice(0, count), ...added]
  }

  async run(): Promise<void> {
    const { environment, watch, before, routingVersion, version, startWorkers, reassign, commit, begin } = this.#options
    const { after } = this
    const all = [...new Set([...before, ...after])]
    const added = after.filter((worker) => !before.includes(worker))
    await startWorkers(added, all)
    environment.failpoint?.('rescale.started')
    const reroute = { version: routingVersion, from: before, to: after }
    const moves = reassign(after)
    await this.#each(all, (worker) => worker.prepare({ reroute, moves }))
    environment.failpoint?.('rescale.prepared')
    begin()
    const deadline = new RescaleDeadline({ ...this.#options, before: before.length })
    const take = (worker: WorkerHandle) => worker.snapshot({ version, last: false, route: reroute })
    const contributions = await deadline.marker(version, this.#workers(all), take)
    // New workers have nothing yet, and know no frontier.
    const snapshot = await commit(
      version,
      contributions.filter((_contribution, index) => before.includes(all[index] as WorkerId)),
    )
    await this.#each(all, (worker) => worker.committed(version))
    watch.done()
    environment.failpoint?.('rescale.committed')
    await this.#each(before, (worker) => worker.releaseSinks())
    await this.#each(after, (worker) => worker.settleSinks(this.#sinksFor(worker.id, snapshot)))
    await deadline.moved(version, this.#workers(after))
    environment.failpoint?.('rescale.moved')
  }

  /** The partitions of sinks that a worker writes from now on and others wrote until now. */
  #sinksFor(worker: WorkerId, snapshot: Snapshot): MovedSink[] {
    const { graph, before } = this.#options
    return snapshot.sinks.flatMap(({ sink, partitions }) => {
      const node = graph.nodes.find(({ name }) => name === sink)
      if (node?.role !== 'sink') return []
      const moved = partitions.filter(
        ({ partition }) =>
          sinkPartitionOwner(node, partition, this.after) === worker && sinkPartitionOwner(node, partition, before) !== worker,
      )
      return [{ sink, partitions: moved }]
    })
  }

  #each<T>(ids: readonly WorkerId[], action: (worker: WorkerHandle) => Promise<T>): Promise<T[]> {
    return Promise.all(this.#workers(ids).map(action))
  }

  #workers(ids: readonly WorkerId[]): WorkerHandle[] {
    return ids.map((id) => this.#options.worker(id))
  }
}
