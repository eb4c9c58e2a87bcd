import type { PersistenceBackend } from '@malstrom/core'

export interface StoreSuiteOptions {
  /** Opens a backend on an empty place. */
  create(): Promise<PersistenceBackend> | PersistenceBackend
  /**
   * Opens another backend on the place of `backend`, as another process would. Leave it out if nothing else can
   * see what `backend` stores.
   */
  reopen?(backend: PersistenceBackend): Promise<PersistenceBackend> | PersistenceBackend
  /** Whether a scope that is opened for writing a second time takes it from the first, which then fails. @default false */
  readonly exclusive?: boolean
  /** @default 30_000 */
  readonly timeoutMs?: number
}
