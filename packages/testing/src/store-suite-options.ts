import type { PersistenceBackend } from '@malstrom/core'

export interface StoreSuiteOptions {
  /** Called before every check: opens a backend on an empty place. */
  create(): Promise<PersistenceBackend> | PersistenceBackend
  /**
   * Opens another backend on the place of `backend`, as another process would, while `backend` is open. Leave it out if nothing else can
   * see what `backend` stores; then it is not checked what outlives a backend, and what several of them do together.
   */
  reopen?(backend: PersistenceBackend): Promise<PersistenceBackend> | PersistenceBackend
  /**
   * Whether a scope that another backend opens for writing is taken from the first, whose writes then fail with `ERR_FENCED`.
   * Otherwise both may write. @default false
   */
  readonly exclusive?: boolean
  /**
   * Whether there can be an object at a path and others below it, such as `a` and `a/b`. Stores that keep objects as files of these
   * names (MinIO and other S3 servers over a file system) cannot have both, and jobs do without. @default true
   */
  readonly nested?: boolean
  /** How long one check may take, in milliseconds. @default 30000 */
  readonly timeoutMs?: number
}
