import { MalstromError, type Sink, type SinkPartition, type SnapshotVersion } from '@malstrom/core'
import type { Query } from './query.ts'

/** Room for the summary of one partition, as JSON, in bytes. */
const PLACE_BYTES = 262_144

/**
 * Memory that all threads share, in which each partition of the sink keeps its last committed summary: an answer counts only what
 * was committed, each time in whole, so it is exactly-once whatever fails on the way.
 */
export function answerMemory(partitions: number): SharedArrayBuffer {
  return new SharedArrayBuffer(partitions * PLACE_BYTES)
}

/** The summary of all rows, put together from the partitions. */
export function readAnswer<S>(memory: SharedArrayBuffer, { empty, merge }: Query<unknown, S>['summary']): S {
  const all = empty()
  for (let at = 0; at < memory.byteLength; at += PLACE_BYTES) {
    const [length = 0] = new Uint32Array(memory, at, 1)
    // A decoder takes no shared memory.
    const text = new TextDecoder().decode(new Uint8Array(memory, at + 4, length).slice())
    if (length > 0) merge(all, JSON.parse(text))
  }
  return all
}

/** Sums up the rows of a query. With one partition, every row goes to one worker; otherwise `spread` says where it goes. */
export function answerSink<R, S>(query: Query<R, S>, memory: SharedArrayBuffer): Sink<R, unknown, number, number | 'all', string> {
  const partitions = memory.byteLength / PLACE_BYTES
  const { spread, summary } = query
  return {
    ...(spread === undefined || partitions === 1 ? {} : { partitionOf: (row: R) => spread(row) % partitions }),
    openPartition(partition, saved): SinkPartition<R, unknown, number, string> {
      const state = summary.empty()
      if (saved !== undefined) summary.merge(state, JSON.parse(saved))
      const staged = new Map<SnapshotVersion, string>()
      let last = saved
      return {
        write: summary.adder(state),
        saturated: false,
        flush: () => Promise.resolve(),
        snapshot(version) {
          last = JSON.stringify(state)
          staged.set(version, last)
          return last
        },
        async commit(version) {
          // After a restart, what is committed again is what it was opened with.
          const text = staged.get(version) ?? last
          for (const known of staged.keys()) if (known <= version) staged.delete(known)
          if (text !== undefined) keep(memory, partition === 'all' ? 0 : partition, text)
        },
        close: () => {},
      }
    },
  }
}

function keep(memory: SharedArrayBuffer, place: number, text: string): void {
  const bytes = new TextEncoder().encode(text)
  if (bytes.length > PLACE_BYTES - 4) {
    throw new MalstromError(
      'ERR_SINK_FAILED',
      `The summary of an answer has ${bytes.length} bytes, more than there is room for. Take fewer events.`,
    )
  }
  new Uint8Array(memory, place * PLACE_BYTES + 4, bytes.length).set(bytes)
  new Uint32Array(memory, place * PLACE_BYTES, 1)[0] = bytes.length
}
