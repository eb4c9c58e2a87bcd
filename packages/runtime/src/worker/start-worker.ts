import type { JobGraph, PersistenceBackend, Transport, WorkerId } from '@malstrom/core'
import type { Routing } from '../exchange/routing.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { AssignedPartition } from '../source/source-station.ts'
import type { Environment } from './environment.ts'
import { Worker } from './worker.ts'
import type { WorkerEvents } from './worker-handle.ts'
import { WorkerStore } from './worker-store.ts'

/** What a worker is to do; data, so that it can be sent to wherever the worker runs. */
export interface WorkerSpec {
  readonly id: WorkerId
  readonly generation: number
  /** What the job goes on from. */
  readonly snapshot: Snapshot | undefined
  /** Whether snapshots are taken. */
  readonly keepsState: boolean
  /** Operators whose keys may be of another kind than those of the snapshot. */
  readonly allowMixedKeys: readonly string[]
  readonly waitLimitMs: number
  /** Set if the job runs on several workers. */
  readonly cluster: ClusterSpec | undefined
}

export interface ClusterSpec {
  readonly routing: Routing
  readonly peers: readonly WorkerId[]
  readonly joining: boolean
  readonly assigned: readonly { readonly source: string; readonly partitions: readonly AssignedPartition[] }[]
}

/** What the place where a worker runs gives to it. */
export interface WorkerSurroundings {
  readonly graph: JobGraph
  readonly environment: Environment
  readonly interpret: boolean
  readonly backend: PersistenceBackend | undefined
  readonly transport: Transport | undefined
  readonly events: WorkerEvents
}

/** Loads what the worker goes on from, opens its sources and starts to read. */
export async function startWorker(spec: WorkerSpec, surroundings: WorkerSurroundings): Promise<Worker> {
  const { id, generation, waitLimitMs, snapshot, cluster } = spec
  const { graph, environment, interpret, backend, transport, events } = surroundings
  const store =
    backend === undefined || !spec.keepsState ? undefined : await WorkerStore.open({ graph, backend, environment, waitLimitMs }, id)
  try {
    const restored =
      snapshot === undefined || cluster?.joining === true
        ? undefined
        : await store?.restore(snapshot, cluster?.routing.workers ?? [id], spec.allowMixedKeys)
    environment.failpoint?.('restore.loaded')
    const worker = new Worker({
      graph,
      workerId: id,
      generation,
      environment,
      waitLimitMs,
      interpret,
      restored,
      stateLocation: store,
      events,
      release: async () => store?.close(),
      cluster:
        cluster === undefined || transport === undefined
          ? undefined
          : { ...cluster, self: id, transport, assigned: new Map(cluster.assigned.map(({ source, partitions }) => [source, partitions])) },
    })
    await worker.start()
    return worker
  } catch (error) {
    await store?.close()
    throw error
  }
}
