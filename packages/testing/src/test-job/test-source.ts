import type { Source } from '@malstrom/core'
import { ScriptedSource } from '../doubles/scripted-source.ts'

export interface TestSourceOptions<V, T> {
  /** Names of its partitions. @default one, `all` */
  readonly partitions?: readonly string[]
  /** The source in whose place it is put: gives the types of values and timestamps. It is not opened. */
  // biome-ignore lint/suspicious/noExplicitAny: its partitions and positions are not those of the double
  readonly like?: Source<V, T, any, any>
}

/**
 * A source for `testJob` that the test drives: idle until something is pushed, ended by `finish()`. A job that
 * crashes reads again what it had read after its last snapshot. Timestamps are ordered as those of the source
 * that it replaces.
 */
export function testSource<V, T = number>({ partitions = ['all'] }: TestSourceOptions<V, T> = {}): ScriptedSource<V, T> {
  return new ScriptedSource<V, T>(partitions)
}
