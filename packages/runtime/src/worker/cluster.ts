import type { Transport, WorkerId } from '@malstrom/core'
import type { Routing } from '../exchange/routing.ts'
import type { AssignedPartition } from '../source/source-station.ts'

/** What a worker that is one of several knows of the others. */
export interface Cluster {
  readonly self: WorkerId
  readonly transport: Transport
  /** The workers there are; for one that joins, those that were there before it. */
  readonly routing: Routing
  /** All that this worker will hear of: those of the routing, and those that join together with it. */
  readonly peers: readonly WorkerId[]
  /** Whether it takes part only from the next marker on. */
  readonly joining: boolean
  /** The partitions it reads at first, by source. */
  readonly assigned: ReadonlyMap<string, readonly AssignedPartition[]>
}

/** The channel between a worker and the coordinator. */
export const CONTROL_CHANNEL = 0

export function exchangeChannel(exchange: number): number {
  return 1 + 2 * exchange
}

export function handoffChannel(task: number): number {
  return 2 + 2 * task
}
