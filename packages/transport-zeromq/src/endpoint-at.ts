import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { EndpointPlace } from '@malstrom/core'
import { hostAndPortOf, isIpv6 } from './bind-address.ts'
import { type ZeromqEndpoint, zeromqEndpoint } from './zeromq-endpoint.ts'

const EVERY_INTERFACE = /^tcp:\/\/(\*|0\.0\.0\.0|\[::\]):/

/**
 * An endpoint that other machines reach, or other processes of this one: `cluster` and `joinCluster` of the runtime call it. Without
 * `listen` it takes a free port of the interface that leads to `towards`.
 *
 * @throws MalstromError `ERR_ADDRESS_INVALID`, `ERR_ADDRESS_IN_USE`, `ERR_TRANSPORT_INSECURE`
 */
export async function endpointAt({ self, listen, towards, advertisedHost, security, logger }: EndpointPlace): Promise<ZeromqEndpoint> {
  const local = towards === undefined ? undefined : await localHost(towards)
  const bind = listen ?? `tcp://${local ?? '127.0.0.1'}:0`
  const host = advertisedHost ?? (EVERY_INTERFACE.test(bind) ? local : undefined)
  return zeromqEndpoint({
    self,
    bind,
    logger,
    ...(host === undefined ? {} : { advertisedHost: host }),
    ...(security === undefined ? {} : { security }),
  })
}

/** The host of this machine that packets to `address` come from. Connecting a UDP socket asks the routing table and sends nothing. */
async function localHost(address: string): Promise<string | undefined> {
  const { host, port } = hostAndPortOf(address)
  const isSix = isIpv6(address)
  const socket = createSocket(isSix ? 'udp6' : 'udp4')
  try {
    socket.connect(port, host)
    await once(socket, 'connect')
    const local = socket.address().address
    return isSix ? `[${local}]` : local
  } catch {
    // The name is not known, or there is no way there: whoever connects hears of it.
    return undefined
  } finally {
    socket.close()
  }
}
