import type { Sink } from '@malstrom/core'

/** Drops every record on purpose: the end of a stream that nobody needs. */
export function discard(): Sink<unknown, unknown, unknown, 'all', undefined> {
  return {
    stateless: true,
    openPartition: () => ({
      write: () => {},
      saturated: false,
      flush: () => Promise.resolve(),
      snapshot: () => undefined,
      close: () => {},
    }),
  }
}
