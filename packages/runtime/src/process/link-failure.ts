import { MalstromError } from '@malstrom/core'

/** Why the link to a coordinator has failed: what the transport says of it, which names the address and tells a refusal from a loss. */
export function linkFailure(error: unknown): unknown {
  return error instanceof MalstromError && error.code === 'ERR_WORKER_LOST' && error.cause instanceof MalstromError ? error.cause : error
}
