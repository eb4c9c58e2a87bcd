import { type Key, rendezvousSelect, type SinkNode, type WorkerId } from '@malstrom/core'

/** The worker that has a partition of a sink open; `undefined` if every worker opens it for itself. */
export function sinkPartitionOwner({ sink }: SinkNode, partition: Key, workers: readonly WorkerId[]): WorkerId | undefined {
  return sink.stateless === true ? undefined : rendezvousSelect(partition, workers)
}
