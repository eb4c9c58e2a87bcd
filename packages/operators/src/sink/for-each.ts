import type { Sink } from '@malstrom/core'

/** Calls a function with every record, in order. What it throws fails the job. `key` is `undefined` on streams without keys. */
export function forEach<V, K = unknown, T = unknown>(f: (value: V, key: K, timestamp: T) => void): Sink<V, K, T, 'all', undefined> {
  return {
    stateless: true,
    openPartition: () => ({
      write: f,
      saturated: false,
      flush: () => Promise.resolve(),
      snapshot: () => undefined,
      close: () => {},
    }),
  }
}
