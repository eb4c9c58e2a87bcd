import { MalstromError, type PeerId, type ProcessAddress, type ProcessLinks } from '@malstrom/core'
import { CONTROL_CHANNEL } from '../worker/cluster.ts'
import type { Environment } from '../worker/environment.ts'
import { ClusterMember } from './cluster-member.ts'
import type { ClusterEnd, Welcome } from './cluster-messages.ts'

export interface MembersOptions {
  readonly job: string
  readonly welcome: Welcome
  readonly links: ProcessLinks
  readonly environment: Environment
  readonly silenceMs: number
  logger(line: string): void
  /** What somebody asks who is no member. */
  asked(method: string, args: readonly unknown[]): Promise<unknown>
}

/** The processes that have joined: the workers, and those that can become one. */
export class ClusterMembers {
  readonly #options: MembersOptions
  readonly #members = new Set<ClusterMember>()
  readonly #watchers = new Set<() => void>()
  #cancelPing: () => void = () => {}

  constructor(options: MembersOptions) {
    this.#options = options
    this.#ping()
  }

  /** Somebody has introduced itself. */
  arrived(peer: PeerId, place: ProcessAddress): void {
    const { links, environment, silenceMs } = this.#options
    new ClusterMember({
      place,
      environment,
      silenceMs,
      open: (events) => links.open(peer, CONTROL_CHANNEL, events),
      answer: (member, method, args) => this.#answer(member, method, args),
      changed: (member, why) => this.#changed(member, why),
    })
  }

  get spares(): readonly ClusterMember[] {
    return [...this.#members].filter(({ state }) => state === 'spare')
  }

  get workers(): readonly ClusterMember[] {
    return [...this.#members].filter(({ state }) => state === 'worker')
  }

  /** Calls back whenever somebody comes or goes, until the result is called. */
  watch(changed: () => void): () => void {
    this.#watchers.add(changed)
    return () => this.#watchers.delete(changed)
  }

  /** Tells all of them that the job has ended. */
  async close(end: ClusterEnd): Promise<void> {
    this.#cancelPing()
    await Promise.all([...this.#members].map((member) => member.over(end)))
  }

  async #answer(member: ClusterMember, method: string, args: readonly unknown[]): Promise<unknown> {
    switch (method) {
      case 'join':
        return this.#join(member, args[0])
      case 'ready':
        return this.#ready(member, args[0])
      case 'leave':
        return member.left(String(args[0]))
      default:
        return this.#options.asked(method, args)
    }
  }

  #join(member: ClusterMember, job: unknown): Welcome {
    const own = this.#options.job
    if (job !== own) this.#refuse(member, `it runs job ${JSON.stringify(job)}, and this is job "${own}"`)
    this.#members.add(member)
    member.joins()
    return this.#options.welcome
  }

  #ready(member: ClusterMember, fingerprint: unknown): void {
    const own = this.#options.welcome.fingerprint
    if (fingerprint !== own)
      this.#refuse(
        member,
        `its job "${this.#options.job}" has another graph (fingerprint ${String(fingerprint)}) than the coordinator's (${own}); both need the same version of the job`,
      )
    member.isReady()
  }

  #refuse(member: ClusterMember, why: string): never {
    this.#options.logger(`Turned away the process at ${member.address}: ${why}.`)
    this.#members.delete(member)
    throw new MalstromError('ERR_PEER_REFUSED', `The coordinator has turned this process away: ${why}.`, {
      context: { job: this.#options.job },
    })
  }

  #changed(member: ClusterMember, why: string): void {
    const known = this.#members.has(member)
    if (member.state === 'gone') this.#members.delete(member)
    if (member.state === 'gone' && known) this.#options.logger(`The process at ${member.address} is gone: ${why}`)
    if (member.state === 'spare' && why === 'it has joined') this.#options.logger(`The process at ${member.address} has joined.`)
    for (const changed of [...this.#watchers]) changed()
  }

  /** Who is no worker has nobody else who would miss it. */
  #ping(): void {
    const { environment, silenceMs } = this.#options
    this.#cancelPing = environment.after(silenceMs, () => {
      for (const member of this.spares) void member.ping()
      this.#ping()
    })
  }
}
