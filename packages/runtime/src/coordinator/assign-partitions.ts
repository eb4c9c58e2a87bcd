import { type Key, sameKey, type WorkerId } from '@malstrom/core'
import type { PartitionMove } from '../worker/worker-handle.ts'

/** Which worker reads a partition of a source. */
export interface Assignment {
  readonly source: string
  readonly partition: Key
  readonly worker: WorkerId
}

/**
 * Divides the partitions of a source among workers, as evenly as possible. What is read by one of the workers already
 * stays there, unless that worker would have more than its share; the others are given in turn, so a partition is read where
 * `indexSelect` sends its number.
 */
export function assignPartitions(
  source: string,
  partitions: readonly Key[],
  workers: readonly WorkerId[],
  current: readonly Assignment[],
): Assignment[] {
  /** How many more each worker may read. */
  const room = sharesOf(partitions.length, workers)
  const roomOf = (worker: WorkerId) => room.get(worker) ?? 0
  const hasRoom = (worker: WorkerId) => roomOf(worker) > 0
  const assign = (partition: Key, worker: WorkerId): Assignment => {
    room.set(worker, roomOf(worker) - 1)
    return { source, partition, worker }
  }
  const assigned: (Assignment | undefined)[] = partitions.map((partition) => {
    const reader = current.find((known) => known.source === source && sameKey(known.partition, partition))?.worker
    return reader === undefined || !hasRoom(reader) ? undefined : assign(partition, reader)
  })
  return assigned.map((known, index) => {
    if (known !== undefined) return known
    const inTurn = workers[index % workers.length] as WorkerId
    return assign(partitions[index] as Key, hasRoom(inTurn) ? inTurn : (workers.find(hasRoom) as WorkerId))
  })
}

/** The partitions that change their reader. */
export function movesBetween(before: readonly Assignment[], after: readonly Assignment[]): PartitionMove[] {
  return after.flatMap(({ source, partition, worker }) => {
    const from = before.find((known) => known.source === source && sameKey(known.partition, partition))?.worker
    return from === undefined || from === worker ? [] : [{ source, partition, from, to: worker }]
  })
}

/** How many partitions each worker reads: the first ones may have one more. */
function sharesOf(partitions: number, workers: readonly WorkerId[]): Map<WorkerId, number> {
  const least = Math.floor(partitions / workers.length)
  const more = partitions % workers.length
  return new Map(workers.map((worker, index) => [worker, least + (index < more ? 1 : 0)]))
}
