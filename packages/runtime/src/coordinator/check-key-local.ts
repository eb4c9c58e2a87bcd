import { type JobGraph, MalstromError } from '@malstrom/core'
import { keyRouteOf } from '../snapshot/keyed-by.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'

/** The operators whose states belong to the worker where they came to be, because `keyLocal` gave the keys. */
function localStates({ nodes }: JobGraph): string[] {
  return nodes
    .filter((node) => node.role === 'operator' && node.state !== undefined && keyRouteOf(node) === undefined)
    .map(({ name }) => name)
}

/** @throws MalstromError `ERR_RESCALE` */
export function checkRescalable(graph: JobGraph): void {
  const local = localStates(graph)
  if (local.length === 0) return
  throw new MalstromError(
    'ERR_RESCALE',
    `Job "${graph.name}" cannot be rescaled: the states of ${list(local)} are kept under keyLocal, so they belong to the worker where they came to be. Use keyDistribute.`,
    { context: { job: graph.name } },
  )
}

/** @throws MalstromError `ERR_SNAPSHOT_MISMATCH` */
export function checkSameWorkers(graph: JobGraph, snapshot: Snapshot, workers: number): void {
  if (snapshot.workers.length === workers) return
  const local = localStates(graph).filter((name) => (snapshot.operators.find(({ operator }) => operator === name)?.state?.keys ?? 0) > 0)
  if (local.length === 0) return
  throw new MalstromError(
    'ERR_SNAPSHOT_MISMATCH',
    `Job "${graph.name}" cannot go on with ${workers} workers from snapshot ${snapshot.version}, which ${snapshot.workers.length} have taken: the states of ${list(local)} are kept under keyLocal, so they belong to the worker where they came to be. Start it with ${snapshot.workers.length}, or use keyDistribute.`,
    { context: { job: graph.name } },
  )
}

function list(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ')
}
