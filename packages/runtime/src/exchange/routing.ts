import { type Key, MalstromError, type WorkerId } from '@malstrom/core'
import type { Route } from '../compile/exchange-points.ts'

/** The workers of a job from one rescale to the next. */
export interface Routing {
  /** Grows by one with each rescale. */
  readonly version: number
  /** In ascending order. */
  readonly workers: readonly WorkerId[]
}

/** The worker that owns a key. @throws MalstromError `ERR_PARTITIONER` if the partitioner names none of the workers. */
export function ownerOf(route: Route, key: Key, workers: readonly WorkerId[]): WorkerId {
  const owner = route.partitioner(key, workers)
  if (!workers.includes(owner)) throw wrongOwner(key, owner, workers)
  return owner
}

export function wrongOwner(key: unknown, owner: unknown, workers: readonly WorkerId[]): MalstromError {
  return new MalstromError(
    'ERR_PARTITIONER',
    `The partitioner gave key ${String(key)} to worker ${String(owner)}, which is none of the workers ${workers.join(', ')}. A partitioner returns an element of the list it is given.`,
    { context: { key: key as Key } },
  )
}
