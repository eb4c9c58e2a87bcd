import { randomBytes } from 'node:crypto'
import type { Explanation } from '@malstrom/core'
import { CallLink } from '../control/call-link.ts'
import {
  type ClusterSecurity,
  type ClusterStatus,
  COORDINATOR_SILENCE_MS,
  coordinatorPlace,
  endpointSecurity,
  JOIN_SESSION,
} from '../process/cluster-messages.ts'
import { importTransport } from '../process/import-transport.ts'
import { linkFailure } from '../process/link-failure.ts'
import { CONTROL_CHANNEL } from '../worker/cluster.ts'
import { checkJoining } from './cluster.ts'
import { keepProcessAlive } from './node-environment.ts'
import { toStandardError } from './to-standard-error.ts'

export interface ClusterControlOptions {
  /** Where the coordinator listens: `tcp://10.0.0.5:7070`. */
  readonly coordinator: string
  /** The module of the package that connects the processes: `import.meta.resolve('@malstrom/transport-zeromq')`. */
  readonly transport: string
  /** The keys of the cluster. */
  readonly security?: ClusterSecurity
  /** How long the coordinator may take to answer the call, in milliseconds. @default 10_000 */
  readonly connectLimitMs?: number
}

/** What can be asked of a running coordinator. */
export interface ClusterControl {
  /** How the job stands. @throws MalstromError `ERR_NOT_RUNNING` while it waits for its workers. */
  status(): Promise<ClusterStatus>
  /** `Execution.explain`. @throws MalstromError `ERR_NOT_RUNNING` while it waits for its workers. */
  explain(): Promise<Explanation>
  /** `Execution.rescale`. */
  rescale(workers: number): Promise<void>
  close(): void
}

const OPTIONS = ['coordinator', 'transport', 'security', 'connectLimitMs']

/**
 * Connects with the coordinator of a job in another process. Its answers come when they come; if the coordinator is gone they are `ERR_LINK_LOST`, and
 * `ERR_PEER_REFUSED` if it has turned this process away.
 */
export async function clusterControl(options: ClusterControlOptions): Promise<ClusterControl> {
  checkJoining('clusterControl', options, OPTIONS)
  const { coordinator, transport, security, connectLimitMs = 10_000 } = options
  const { endpointAt } = await importTransport(transport)
  const endpoint = await endpointAt({
    self: randomBytes(6).readUIntBE(0, 6),
    towards: coordinator,
    security: endpointSecurity(security),
    logger: toStandardError,
  })
  const links = endpoint.transport({
    session: JOIN_SESSION,
    introduce: true,
    peers: new Map([['coordinator', coordinatorPlace(coordinator, security)]]),
    heartbeatTimeoutMs: COORDINATOR_SILENCE_MS,
    linkTimeoutMs: connectLimitMs,
    refusedIsGone: true,
  })
  const calls = new CallLink({
    open: (events) => links.open('coordinator', CONTROL_CHANNEL, events),
    answer: async () => undefined,
    told: () => {},
    // Whoever waits for an answer hears of it.
    failed: () => {},
  })
  calls.listen()
  const ask = (method: string, args: readonly unknown[]) =>
    calls.call(method, args).catch((error) => {
      throw linkFailure(error)
    })
  const release = keepProcessAlive()
  return {
    status: async () => (await ask('status', [])) as ClusterStatus,
    explain: async () => (await ask('explain', [])) as Explanation,
    rescale: async (workers) => {
      await ask('rescale', [workers])
    },
    close: () => {
      release()
      // What was asked has been answered, or nobody waits for it any more.
      endpoint.close().catch(() => endpoint.destroy())
    },
  }
}
