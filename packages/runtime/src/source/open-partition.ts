import { type Key, MalstromError, type SourcePartition, type SourceStatus } from '@malstrom/core'
import type { SourcePartitionSnapshot } from '../snapshot/snapshot.ts'
import type { PartitionFrontier } from './partition-frontiers.ts'

// biome-ignore lint/suspicious/noExplicitAny: a graph knows only erased sources
export type Reader = SourcePartition<any, any, any>

/** A partition of a source on one worker. */
export interface OpenPartition {
  readonly key: Key
  /** `undefined` if the partition had finished before the job was restored. */
  readonly reader: Reader | undefined
  /** Where it stood when the job was restored. */
  readonly restored: SourcePartitionSnapshot | undefined
  readonly frontier: PartitionFrontier | undefined
  state: 'active' | 'idle' | 'finished'
  recordsIn: number
  /** Whether it has had nothing to read for so long that it is to be excluded. */
  idleForLong: boolean
  /** Ends the wait for that; `undefined` if there is none. */
  cancelIdleTimer: (() => void) | undefined
}

/** A record has come. */
export function noLongerIdle(partition: OpenPartition, frontier: PartitionFrontier): void {
  frontier.excluded = false
  partition.idleForLong = false
  partition.cancelIdleTimer?.()
  partition.cancelIdleTimer = undefined
}

/** What a poll has said. */
export function stateOf(status: SourceStatus): OpenPartition['state'] {
  if (status === 'more') return 'active'
  if (status === 'idle' || status === 'finished') return status
  throw new MalstromError('ERR_SOURCE_FAILED', `poll returned ${String(status)}; it returns 'more', 'idle' or 'finished'.`)
}
