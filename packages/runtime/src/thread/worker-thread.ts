import { parentPort, workerData } from 'node:worker_threads'
import { assert, MalstromError, type PersistenceBackend } from '@malstrom/core'
import { WorkerServer } from '../control/worker-server.ts'
import { findJob } from '../host/find-job.ts'
import { importJobModule } from '../host/import-guard.ts'
import { nodeEnvironment } from '../host/node-environment.ts'
import { CONTROL_CHANNEL } from '../worker/cluster.ts'
import { type ThreadData, type ThreadMessage, threadLost } from './messages.ts'
import { ThreadTransport } from './thread-transport.ts'

// The module that a thread runs: it connects to the others, and becomes the worker that the coordinator asks for.
const data = workerData as ThreadData
assert(parentPort !== null, 'a worker runs in a thread of its own')
const port = parentPort
const transport = new ThreadTransport()

port.on('message', (message: ThreadMessage) => {
  if (message.kind === 'peer') transport.addPeer(message.peer, message.ends)
  else transport.peerLost(message.peer, threadLost(message.peer, new Error(message.why)))
})

new WorkerServer({
  environment: nodeEnvironment,
  open: (events) => transport.open('coordinator', CONTROL_CHANNEL, events),
  surroundings: async () => {
    const job = findJob(data.module, await importJobModule(data.module), data.job)
    const graph = job.graph(data.params)
    if (graph.fingerprint !== data.fingerprint) throw differs(data.job, data.module)
    return { graph, interpret: data.interpret, backend: await backendOf(job.persistence), transport }
  },
  // What was printed goes through the thread that started this one.
  flush: () => new Promise((resolve) => process.stdout.write('', () => process.stderr.write('', () => resolve()))),
  // The coordinator ends the thread when it has heard of it: what was said last must not be overtaken by the end.
  ended: () => {},
})

async function backendOf(persistence: ((params: unknown) => PersistenceBackend) | undefined): Promise<PersistenceBackend | undefined> {
  if (data.state === undefined) return persistence?.(data.params)
  assert(data.setup !== undefined, 'who names a state location says how it is opened')
  const { openState } = (await import(data.setup)) as { openState(location: string): Promise<PersistenceBackend> }
  return openState(data.state)
}

function differs(job: string, module: string): MalstromError {
  return new MalstromError(
    'ERR_JOB_INVALID',
    `A worker has built another graph for job "${job}" than the coordinator, from ${module}. The build function must do the same on every worker: nothing random, no time, no environment that differs.`,
    { context: { job, path: module } },
  )
}
