import type { Key } from '@malstrom/core'
import { TIMEOUT_MS } from './external-system.ts'
import { registerLaws } from './law.ts'
import { sinkLawsOf } from './sink-laws.ts'
import type { SinkSuiteOptions } from './sink-suite-options.ts'

/**
 * Registers the contract of `Sink` as vitest tests: what is written, flushed and committed can be read, in
 * order; flushing ends saturation and loses nothing; wherever writing is cut, a sink that is reopened from
 * its snapshot goes on; `commit` may be repeated; and crashes cost no record.
 *
 * The suite does what a worker does: it flushes a saturated partition before it writes on, and after a
 * restart opens every partition of the last durable snapshot and commits its version before it writes.
 */
export function sinkSuite<V, K, T, P extends Key, S, W = void>(name: string, options: SinkSuiteOptions<V, K, T, P, S, W>): void {
  registerLaws(`${name} keeps the contract of sinks`, sinkLawsOf(options), options.timeoutMs ?? TIMEOUT_MS)
}
