import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PeerId } from '@malstrom/core'
import { expect, it } from 'vitest'
import { type Keys, zeromqEndpoint } from './index.ts'

// #region readme
/** A process with its own keys, which everybody may reach who has one of the `allowed` public keys. */
export function secureEndpoint(self: PeerId, keys: Keys, allowed: readonly string[]) {
  return zeromqEndpoint({
    self,
    bind: 'tcp://0.0.0.0:4000',
    advertisedHost: '10.0.0.7', // what others connect to: endpoint.address is tcp://10.0.0.7:4000
    security: { keys, allowed }, // from generateKeys(), once for each process
  })
}

/** Two processes of one machine, here in one. */
export async function greet(folder: string): Promise<string> {
  const worker = await zeromqEndpoint({ self: 1, bind: `ipc://${folder}/worker-1` })
  const coordinator = await zeromqEndpoint({ self: 'coordinator', bind: `ipc://${folder}/coordinator` })
  const session = 'balances, generation 1' // what both ends must have in common
  const there = coordinator.transport({ session, peers: new Map([[1, { address: worker.address }]]) })
  const here = worker.transport({ session, peers: new Map([['coordinator', { address: coordinator.address }]]) })

  const failed = (error: Error) => console.error(error.message)
  const outgoing = there.open(1, 0, { readable() {}, failed })
  outgoing.send(new TextEncoder().encode('hello'))
  const greeting = await new Promise<string>((resolve) => {
    const incoming = here.open('coordinator', 0, { readable: () => resolve(new TextDecoder().decode(incoming.receive())), failed })
    incoming.receive() // There is nothing yet, so `readable` will be called.
  })
  await Promise.all([coordinator.close(), worker.close()])
  return greeting
}
// #endregion

it('the example of the README works', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zeromq-'))
  expect(await greet(folder)).toBe('hello')
  rmSync(folder, { recursive: true })
})
