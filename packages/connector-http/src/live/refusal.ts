import type { IncomingMessage } from 'node:http'
import { foreignness } from '../server/server-options.ts'
import type { Broadcast } from './broadcast.ts'
import type { LiveRequest, LiveSettings } from './live-options.ts'

/** The status that says why a client is not let in; `undefined` if it is. */
export function refusal<V, K, T>(settings: LiveSettings<V, K, T>, broadcast: Broadcast, request: IncomingMessage): number | undefined {
  const { server, authorize, clientsMax } = settings
  if ((request.url ?? '/').split('?', 1)[0] !== server.path) return 404
  if (foreignness(server, request.headers.origin, request.headers.host) !== undefined) return 403
  if (request.method !== 'GET') return 405
  if (!isAllowed(authorize, { url: request.url ?? '/', headers: request.headers })) return 401
  return broadcast.clientCount >= clientsMax ? 503 : undefined
}

function isAllowed(authorize: (request: LiveRequest) => boolean, request: LiveRequest): boolean {
  try {
    return authorize(request) === true
  } catch {
    return false // Whatever kept it from saying yes, it did not say yes.
  }
}
