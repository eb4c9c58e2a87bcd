import type { Key, Source } from '@malstrom/core'
import type { ExternalSystem } from './external-system.ts'
import type { SourceRecord } from './recording-output.ts'

export interface SourceSuiteOptions<V, T, P extends Key, S, W = void> extends ExternalSystem<W> {
  /**
   * Makes the source over the external system. Called again for every restart, so two of them share
   * nothing but `system`.
   */
  create(system: W): Source<V, T, P, S> | Promise<Source<V, T, P, S>>
  /** Every partition, and all records it holds after `setup`, in order. A few dozen are enough. */
  readonly expected: readonly ExpectedPartition<V, T, P>[]
  /** Whether a partition finishes after its records; if not, it becomes idle. @default true */
  readonly finishes?: boolean
  /** For sources that do not finish: makes `record` appear at the end of `partition`. */
  append?(system: W, partition: P): Promise<SourceRecord<V, T>> | SourceRecord<V, T>
}

export interface ExpectedPartition<V, T, P> {
  readonly partition: P
  readonly records: readonly SourceRecord<V, T>[]
}
