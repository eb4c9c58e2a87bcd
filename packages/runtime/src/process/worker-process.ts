import type { PeerId, ProcessEndpoint, ProcessTransportModule } from '@malstrom/core'
import { WorkerServer } from '../control/worker-server.ts'
import { nodeEnvironment } from '../host/node-environment.ts'
import { workerSurroundings } from '../host/worker-surroundings.ts'
import { CONTROL_CHANNEL } from '../worker/cluster.ts'
import { PROCESS_SILENCE_MS, type ProcessAnswer, type ProcessData, type ProcessMessage } from './messages.ts'

// The module that a process runs: it opens an endpoint, learns where the others are, and becomes the worker that the coordinator asks for.
let transport: ReturnType<ProcessEndpoint['transport']> | undefined
const early: { readonly peer: PeerId; readonly address: string }[] = []

process.on('message', (message: ProcessMessage) => {
  if (message.kind === 'peer') addPeer(message)
  else start(message.data).catch((error) => answer({ problem: (error as Error).message }))
})
// Without whoever has started it, a worker has nothing to do.
process.on('disconnect', () => process.exit(1))
answer({})

async function start(data: ProcessData): Promise<void> {
  const { endpointIn } = (await import(data.transport)) as ProcessTransportModule
  const endpoint = await endpointIn(data.folder, data.id)
  const opened = endpoint.transport({ session: data.session, peers: new Map(), heartbeatTimeoutMs: PROCESS_SILENCE_MS })
  transport = opened
  for (const peer of early) addPeer(peer)
  new WorkerServer({
    environment: nodeEnvironment,
    open: (events) => opened.open('coordinator', CONTROL_CHANNEL, events),
    surroundings: () => workerSurroundings(data, opened),
    flush: () => new Promise((resolve) => process.stdout.write('', () => process.stderr.write('', () => resolve()))),
    // Whoever has started the process ends it when it has heard of it.
    ended: () => {},
  })
  answer({ address: endpoint.address })
}

function addPeer({ peer, address }: { readonly peer: PeerId; readonly address: string }): void {
  if (transport === undefined) early.push({ peer, address })
  else transport.addPeer(peer, { address })
}

function answer(message: ProcessAnswer): void {
  process.send?.(message)
}
