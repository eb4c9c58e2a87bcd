import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { type Job, MalstromError, messageOf, type PersistenceBackend, type ProcessTransportModule } from '@malstrom/core'
import { type ClusterSecurity, coordinatorPlace, endpointSecurity } from '../process/cluster-messages.ts'
import { importTransport } from '../process/import-transport.ts'
import { Membership } from '../process/membership.ts'
import { checkJoining, checkJoinLimit } from './cluster.ts'
import { refuseDuringImport } from './import-guard.ts'
import { keepProcessAlive, nodeEnvironment } from './node-environment.ts'
import { checkJob } from './runtime-options.ts'
import { toStandardError } from './to-standard-error.ts'

export interface JoinClusterOptions {
  /** The job, as the coordinator has it. Its params come from there. */
  readonly job: Job<never>
  /** Where the coordinator listens: `tcp://10.0.0.5:7070`. */
  readonly coordinator: string
  /** The module of the package that connects the processes: `import.meta.resolve('@malstrom/transport-zeromq')`. */
  readonly transport: string
  /** Where this process listens for the other workers. @default a free port of the interface that leads to the coordinator */
  readonly listen?: string
  /** The host that others connect to, if it is not that of `listen`. */
  readonly advertisedHost?: string
  /** The keys of the cluster. */
  readonly security?: ClusterSecurity
  /** How long the coordinator may take to appear, or to come back, in milliseconds. @default 60_000 */
  readonly joinLimitMs?: number
  /** Opens the place of the state that the coordinator names, if it was given one in place of the job's own `persistence`. */
  readonly openState?: (location: string) => Promise<PersistenceBackend>
  /** Gets a line for what happens. @default writes to standard error */
  readonly logger?: (line: string) => void
}

/** A process that takes part in a cluster. */
export interface JoinedCluster {
  /**
   * Resolves with how the job has ended (`finished`, `suspended`, `cancelled`), or with `left`. Rejects if the job has failed, if the coordinator has turned
   * this process away (`ERR_PEER_REFUSED`), or if it did not appear in time (`ERR_LINK_LOST`).
   */
  readonly ended: Promise<string>
  /** Leaves; the job goes on when another process has taken the place. */
  leave(): Promise<void>
}

const OPTIONS = ['job', 'coordinator', 'transport', 'listen', 'advertisedHost', 'security', 'joinLimitMs', 'openState', 'logger']

/** Who was taken for lost waits a little before it joins again. */
const REJOIN_MS = 100

/**
 * Makes this process a worker of a job that `cluster` coordinates in another process, on this machine or another one. When the job goes back to
 * its last snapshot, so does the worker; when the coordinator is gone, the worker stops and waits for it to come back.
 */
export function joinCluster(options: JoinClusterOptions): JoinedCluster {
  checkJoining('joinCluster', options, OPTIONS)
  const joinLimitMs = checkJoinLimit('joinCluster', options.joinLimitMs)
  checkJob(options.job)
  refuseDuringImport(options.job.name)
  const joining = new Joining(options, joinLimitMs)
  const release = keepProcessAlive()
  const ended = joining.run().finally(release)
  return {
    ended,
    leave: async () => {
      joining.leave()
      await ended.catch(() => {})
    },
  }
}

class Joining {
  readonly #options: JoinClusterOptions
  readonly #joinLimitMs: number
  #membership: Membership | undefined
  #isLeaving = false

  constructor(options: JoinClusterOptions, joinLimitMs: number) {
    this.#options = options
    this.#joinLimitMs = joinLimitMs
  }

  leave(): void {
    this.#isLeaving = true
    void this.#membership?.leave()
  }

  /** Joins as often as it is lost. */
  async run(): Promise<string> {
    const { job, transport, logger = toStandardError } = this.#options
    const module = await importTransport(transport)
    while (!this.#isLeaving) {
      const membership = await this.#join(module)
      this.#membership = membership
      if (this.#isLeaving) void membership.leave()
      const end = await membership.ended
      if (end.kind === 'over') return endOf(job.name, end.end.how, end.end.problem)
      if (end.kind !== 'lost') break
      logger(`The coordinator of job "${job.name}" is gone, or takes this process for lost: ${messageOf(end.why)} It joins again.`)
      await delay(REJOIN_MS)
    }
    return 'left'
  }

  async #join({ endpointAt }: ProcessTransportModule): Promise<Membership> {
    const { job, coordinator, listen, advertisedHost, security, openState, logger = toStandardError } = this.#options
    const endpoint = await endpointAt({
      // Who it is to the coordinator; as a worker it has the id that it is given.
      self: randomBytes(6).readUIntBE(0, 6),
      listen,
      towards: coordinator,
      advertisedHost,
      security: endpointSecurity(security),
      logger,
    })
    return new Membership({
      job: job as Job<unknown>,
      endpoint,
      coordinator: coordinatorPlace(coordinator, security),
      environment: nodeEnvironment,
      joinLimitMs: this.#joinLimitMs,
      openState,
      logger,
    })
  }
}

function endOf(job: string, how: string, problem: string | undefined): string {
  if (problem === undefined) return how
  throw new MalstromError('ERR_WORKER_LOST', `Job "${job}" has failed: ${problem}`, { context: { job } })
}
