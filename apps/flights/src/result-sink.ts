import type { PartitionContext, Sink, SinkPartition } from '@malstrom/core'

/** Something that is built up from results and can be saved. */
export interface Collected<V, S> {
  add(value: V): void
  save(): S
  restore(saved: S): void
}

/** A sink that keeps what it is given in this process, and saves it with the job: after a restart it goes on where it was. */
export function collect<V, S>(collected: Collected<V, S>): Sink<V, unknown, unknown, 'all', S> {
  return {
    openPartition(_partition, saved: S | undefined, _context: PartitionContext): SinkPartition<V, unknown, unknown, S> {
      if (saved !== undefined) collected.restore(saved)
      return {
        write: (value) => collected.add(value),
        saturated: false,
        flush: () => Promise.resolve(),
        snapshot: () => collected.save(),
        close: () => {},
      }
    },
  }
}
