import { MalstromError } from '@malstrom/core'
import type { Distance } from './distance.ts'

/**
 * How long a join keeps what nothing else bounds: until the frontier passes `ttl` after its timestamp; or for ever,
 * which has to be said.
 */
export type Retention<T> = { readonly ttl: Distance<T>; readonly unbounded?: never } | { readonly unbounded: true; readonly ttl?: never }

/** One of the two is said, and only one. @throws MalstromError `ERR_OPERATOR_ARGUMENT` */
export function checkRetention({ ttl, unbounded }: { readonly ttl?: unknown; readonly unbounded?: unknown }): void {
  if ((ttl !== undefined) !== (unbounded === true)) return
  throw new MalstromError(
    'ERR_OPERATOR_ARGUMENT',
    'say how long state is kept: { ttl }, after which the frontier takes it away, or { unbounded: true } to keep it for ever; not both.',
  )
}
