import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { MalstromError } from '@malstrom/core'

const TCP = /^tcp:\/\/(\[[0-9a-fA-F:.%]+\]|\*|[A-Za-z0-9.\-_]+):(\d{1,5}|\*)$/
const LOOPBACK = /^(127(\.\d{1,3}){3}|localhost|\[::1\])$/
const PROBE_MS = 500
const UNLINK_MS = 50

const REASONS: Readonly<Record<string, string>> = {
  EADDRNOTAVAIL: 'it is no address of this machine',
  ENODEV: 'it is no address of this machine',
  ENOENT: 'there is no such folder',
  ENAMETOOLONG: 'the path is too long; about 100 bytes are possible',
  EACCES: 'this process may not use it',
  EPERM: 'this process may not use it',
}

/** @throws MalstromError `ERR_ADDRESS_INVALID`, `ERR_TRANSPORT_INSECURE` */
export function checkAddress(address: string, mayBeReached: boolean): void {
  if (/^ipc:\/\/./.test(address)) return
  const host = TCP.exec(address)?.[1]
  if (host === undefined) throw invalid(address, 'an address is tcp://host:port or ipc:///path')
  if (mayBeReached || LOOPBACK.test(host)) return
  throw new MalstromError(
    'ERR_TRANSPORT_INSECURE',
    `${address} can be reached from other machines, and without keys anybody there could take part in the job. Give the endpoint \`security\`, or \`allowInsecure: true\` if the network is trusted.`,
  )
}

/** @throws MalstromError `ERR_ADDRESS_INVALID` */
export function hostAndPortOf(address: string): { readonly host: string; readonly port: number } {
  const [, host, port] = TCP.exec(address) ?? []
  if (host === undefined || !(Number(port) > 0))
    throw new MalstromError('ERR_ADDRESS_INVALID', `${address} is not where a process can be reached: such an address is tcp://host:port.`)
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
}

export function isIpv6(address: string): boolean {
  return address.startsWith('tcp://[')
}

/** The address that others use: that of the socket, with another host if the socket listens on every interface. */
export function reachableAddress(bound: string, advertisedHost: string | undefined): string {
  const parts = TCP.exec(bound)
  return parts === null || advertisedHost === undefined ? bound : `tcp://${advertisedHost}:${parts[2]}`
}

/**
 * ZeroMQ takes over the path of an ipc address, also from a process that listens there. And it takes a path away some time after the
 * socket was closed, so a path that is left over is looked at again before it is taken. @throws MalstromError `ERR_ADDRESS_IN_USE`
 */
export async function checkPathIsFree(address: string): Promise<void> {
  if (!address.startsWith('ipc:///')) return
  const path = address.slice('ipc://'.length)
  let state = await stateOf(path)
  if (state === 'left over') {
    await delay(UNLINK_MS)
    state = await stateOf(path)
  }
  if (state === 'in use') throw inUse(address)
}

async function stateOf(path: string): Promise<'free' | 'left over' | 'in use'> {
  return new Promise((resolve) => {
    const probe = connect(path)
    const done = (answer: 'free' | 'left over' | 'in use') => {
      probe.destroy()
      resolve(answer)
    }
    probe.setTimeout(PROBE_MS, () => done('in use')) // It is there, and too busy to answer.
    probe.on('connect', () => done('in use'))
    probe.on('error', ({ code }: NodeJS.ErrnoException) =>
      done(code === 'EAGAIN' ? 'in use' : code === 'ECONNREFUSED' ? 'left over' : 'free'),
    )
  })
}

export function bindError(address: string, error: NodeJS.ErrnoException): MalstromError {
  if (error.code === 'EADDRINUSE') return inUse(address, error)
  return invalid(address, `${REASONS[error.code ?? ''] ?? error.message} (${error.code})`, error)
}

function inUse(address: string, cause?: Error): MalstromError {
  return new MalstromError(
    'ERR_ADDRESS_IN_USE',
    `An endpoint cannot be bound to ${address}: another program, or another worker, listens there. Choose another ${address.startsWith('tcp') ? 'port; port 0 takes any that is free' : 'path'}.`,
    { cause },
  )
}

function invalid(address: string, reason: string, cause?: Error): MalstromError {
  return new MalstromError('ERR_ADDRESS_INVALID', `An endpoint cannot be bound to ${address}: ${reason}.`, { cause })
}
