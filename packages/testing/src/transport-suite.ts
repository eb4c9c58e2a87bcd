import { TIMEOUT_MS } from './external-system.ts'
import { registerLaws } from './law.ts'
import { transportLawsOf } from './transport-laws.ts'
import type { TransportSuiteOptions } from './transport-suite-options.ts'

/**
 * Registers the contract of `Transport` and `Link` as vitest tests: every frame arrives once, whole and in order, or the link fails once;
 * channels do not see or hold up each other; frames wait for an end that comes later; the sender learns what is waiting, and the receiver
 * when to look again.
 */
export function transportSuite(name: string, options: TransportSuiteOptions): void {
  registerLaws(`${name} keeps the contract of transports`, transportLawsOf(options), options.timeoutMs ?? TIMEOUT_MS)
}
