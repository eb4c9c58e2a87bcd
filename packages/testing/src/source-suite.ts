import type { Key } from '@malstrom/core'
import { TIMEOUT_MS } from './external-system.ts'
import { registerLaws } from './law.ts'
import { sourceLawsOf } from './source-laws.ts'
import type { SourceSuiteOptions } from './source-suite-options.ts'

/**
 * Registers the contract of `Source` as vitest tests: records come once and in order, within the limit of
 * `poll` and at no other time; an idle source waits, and wakes when there is more; wherever reading is
 * cut, a source that is reopened from the snapshot goes on with the next record.
 *
 * Snapshots go through `structuredClone`, because real ones are stored and sent. A source that does not
 * finish is only tested for waking up if there is an `append`.
 */
export function sourceSuite<V, T, P extends Key, S, W = void>(name: string, options: SourceSuiteOptions<V, T, P, S, W>): void {
  registerLaws(`${name} keeps the contract of sources`, sourceLawsOf(options), options.timeoutMs ?? TIMEOUT_MS)
}
