import { TIMEOUT_MS } from './external-system.ts'
import { registerLaws } from './law.ts'
import { storeLawsOf } from './store-laws.ts'
import type { StoreSuiteOptions } from './store-suite-options.ts'

/**
 * Registers the contract of `PersistenceBackend` and `ObjectStore` as vitest tests: reading gives what was
 * written, whole; a compare-and-set has one winner; any path is kept apart from all others and listed in
 * byte order; scopes are separate; and what one backend has written another one on the same place sees.
 */
export function objectStoreSuite(name: string, options: StoreSuiteOptions): void {
  registerLaws(`${name} keeps the contract of object stores`, storeLawsOf(options), options.timeoutMs ?? TIMEOUT_MS)
}
