import { checkOptionNames, MalstromError, type Runtime } from '@malstrom/core'
import { ClusterHost } from '../process/cluster-host.ts'
import { type ClusterSecurity, MEMBER_SILENCE_MS } from '../process/cluster-messages.ts'
import { checkTransport } from '../process/import-transport.ts'
import { clusterRuntime } from './cluster-execution.ts'
import { checkCluster, type MultiThreadOptions } from './multi-thread.ts'
import { nodeEnvironment } from './node-environment.ts'
import { checkRuntimeOptions } from './runtime-options.ts'
import { toStandardError } from './to-standard-error.ts'

export interface ClusterOptions extends MultiThreadOptions {
  /** The module of the package that connects the processes: `import.meta.resolve('@malstrom/transport-zeromq')`. */
  readonly transport: string
  /** Where processes join: `tcp://10.0.0.5:7070`. Without `security` only the loopback interface is possible. */
  readonly listen: string
  /** The host that others connect to, if it is not that of `listen`. */
  readonly advertisedHost?: string
  /** The keys of the cluster. */
  readonly security?: ClusterSecurity
  /**
   * How long the job waits for processes to join, at its start and after one was lost, before it fails with `ERR_WORKERS_MISSING`.
   *
   * @default 60_000
   */
  readonly joinLimitMs?: number
  /** Gets a line when a process joins, is gone or was turned away. @default writes to standard error */
  readonly logger?: (line: string) => void
}

const OPTIONS = ['workers', 'workerSilenceMs', 'state', 'transport', 'listen', 'advertisedHost', 'security', 'joinLimitMs', 'logger']

/**
 * Runs jobs on processes that were started by hand, on any machine, and join here with `joinCluster`. The job starts when `workers` of
 * them are there; those beyond are spares. When one is lost, the job goes back to its last snapshot and goes on with a spare, or as soon as another
 * process has joined. This process coordinates them and runs no worker.
 *
 * State has to lead to the same place from every machine: S3, SlateDB, a network disk.
 */
export function cluster(options: ClusterOptions): Runtime {
  const checked = checkRuntimeOptions('cluster', options, OPTIONS)
  const { workers, state, transport, listen, advertisedHost, security } = options
  const silenceMs = checkCluster('cluster', options)
  checkTransport('cluster', transport)
  if (silenceMs > MEMBER_SILENCE_MS) {
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `cluster: workerSilenceMs is at most ${MEMBER_SILENCE_MS} (not ${silenceMs}).`)
  }
  if (typeof listen !== 'string') throw new MalstromError('ERR_OPERATOR_ARGUMENT', 'cluster: listen is an address: tcp://127.0.0.1:7070.')
  const joinLimitMs = checkJoinLimit('cluster', options.joinLimitMs)
  const logger = options.logger ?? toStandardError
  return clusterRuntime({
    checked,
    workers,
    state,
    host: (data) =>
      new ClusterHost({
        data,
        transport,
        listen,
        advertisedHost,
        security,
        environment: nodeEnvironment,
        silenceMs,
        joinLimitMs,
        logger,
      }),
  })
}

/** @throws MalstromError `ERR_OPERATOR_ARGUMENT` */
export function checkJoinLimit(caller: string, joinLimitMs = 60_000): number {
  if (joinLimitMs > 0 && joinLimitMs < 2 ** 31) return joinLimitMs
  throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${caller}: joinLimitMs is above 0 (not ${joinLimitMs}).`)
}

/** What `joinCluster` and `clusterControl` have in common. @throws MalstromError `ERR_OPERATOR_ARGUMENT` */
export function checkJoining(caller: string, options: { coordinator: unknown; transport: unknown }, names: readonly string[]): void {
  checkOptionNames(caller, options, names)
  checkTransport(caller, options.transport)
  if (typeof options.coordinator === 'string') return
  throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${caller}: coordinator is an address: tcp://127.0.0.1:7070.`)
}
