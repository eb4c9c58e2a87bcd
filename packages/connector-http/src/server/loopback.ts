import { isIPv4, isIPv6 } from 'node:net'

/** Whether a host name or an address, also one in brackets, is this machine and cannot be reached from others. */
export function isLoopback(host: string): boolean {
  const address = host.replace(/^\[(.*)\]$/, '$1')
  if (isIPv4(address)) return address.startsWith('127.')
  if (isIPv6(address)) return address === '::1' || /^::ffff:(127\.|7f)/.test(address)
  return address === 'localhost' || address.endsWith('.localhost')
}
