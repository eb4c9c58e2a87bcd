import { parentPort, workerData } from 'node:worker_threads'
import { assert } from '@malstrom/core'
import { WorkerServer } from '../control/worker-server.ts'
import { nodeEnvironment } from '../host/node-environment.ts'
import { workerSurroundings } from '../host/worker-surroundings.ts'
import { CONTROL_CHANNEL } from '../worker/cluster.ts'
import { type ThreadData, type ThreadMessage, threadLost } from './messages.ts'
import { ThreadTransport } from './thread-transport.ts'

// The module that a thread runs: it connects to the others, and becomes the worker that the coordinator asks for.
assert(parentPort !== null, 'a worker runs in a thread of its own')
const transport = new ThreadTransport()

parentPort.on('message', (message: ThreadMessage) => {
  if (message.kind === 'peer') transport.addPeer(message.peer, message.ends)
  else transport.peerLost(message.peer, threadLost(message.peer, new Error(message.why)))
})

new WorkerServer({
  environment: nodeEnvironment,
  open: (events) => transport.open('coordinator', CONTROL_CHANNEL, events),
  surroundings: () => workerSurroundings(workerData as ThreadData, transport),
  // What was printed goes through the thread that started this one.
  flush: () => new Promise((resolve) => process.stdout.write('', () => process.stderr.write('', () => resolve()))),
  // The coordinator ends the thread when it has heard of it: what was said last must not be overtaken by the end.
  ended: () => {},
})
