import { assert, type WorkerId } from '@malstrom/core'
import { Handoff } from '../exchange/handoff.ts'
import type { Reroute } from '../snapshot/barrier.ts'
import { keyRouteOf } from '../snapshot/keyed-by.ts'
import type { SourceStation } from '../source/source-station.ts'
import type { BuiltTasks, TaskMembers } from './build-tasks.ts'
import type { ReroutePlan, WorkerEvents } from './worker-handle.ts'

export interface WorkerRerouteOptions {
  readonly self: WorkerId
  /** The version of the routing to begin with. */
  readonly version: number
  readonly built: BuiltTasks
  readonly left: WorkerEvents['left']
  failed(error: unknown): void
}

/**
 * A rescale on one worker. The marker passes each task in turn; each then hands over the states of the
 * keys that leave, and takes in those that come (`Handoff`). Partitions of sources that leave are closed and
 * shipped at the marker; partitions of sinks only when what was staged for the marker's snapshot is
 * committed, so that nobody else writes them before.
 */
export class WorkerReroute {
  readonly #options: WorkerRerouteOptions
  #plan: ReroutePlan | undefined
  #version: number
  /** Tasks that the marker has not passed yet. */
  #ahead = 0
  /** Who waits until everything has moved. */
  #moved: (() => void) | undefined

  constructor(options: WorkerRerouteOptions) {
    this.#options = options
    this.#version = options.version
  }

  /** The version of the routing by which all tasks work. */
  get version(): number {
    return this.#version
  }

  /** The workers from the marker on. */
  get workers(): readonly WorkerId[] {
    return this.#plan?.reroute.to ?? []
  }

  prepare(plan: ReroutePlan): void {
    const { self, built } = this.#options
    const { links, members } = built
    assert(links !== undefined, 'only one of several workers takes part in a rescale')
    this.#plan = plan
    this.#ahead = members.length
    const { from, to } = plan.reroute
    // One that joins has its links from the beginning.
    if (!from.includes(self)) return
    for (const { exchange, merging, keyed } of members) {
      if (exchange === undefined || merging === undefined) continue
      const { fanIn, barriers } = merging
      for (const worker of to) if (!from.includes(worker)) fanIn.join(worker, barriers.of(links.exchange(exchange, worker, keyed)))
    }
  }

  /** The marker has passed a task. */
  begin({ source, operators, sinks, merging, keyed, head }: TaskMembers, index: number, reroute: Reroute): Handoff {
    const { self, built } = this.#options
    const { links, tasks } = built
    assert(links !== undefined, 'only one of several workers takes part in a rescale')
    this.#ahead--
    if (this.#ahead === 0) this.#version = reroute.version
    if (source !== undefined) this.#movePartitions(source.node.name, source.station)
    for (const sink of sinks) sink.reroute()
    return new Handoff({
      self,
      reroute,
      operators,
      route: keyed && operators.some(({ cells }) => cells !== undefined) ? keyRouteOf(head) : undefined,
      keyed,
      linkOf: (worker) => links.handoff(index, worker),
      standing: {
        frontier: merging?.fanIn.merged,
        sent: tasks[index]?.sent ?? [],
        own: operators.map(({ fused }) => fused.snapshot?.()),
      },
    })
  }

  /** Resolves when everything is where it belongs, as far as this worker is concerned. */
  moved(): Promise<void> {
    return new Promise((resolve) => {
      this.#moved = resolve
      this.check()
    })
  }

  /** Looks whether everything has moved. */
  check(): void {
    const { tasks, sources } = this.#options.built
    if (this.#moved === undefined || this.#ahead > 0) return
    if (tasks.some(({ handoff }) => handoff !== undefined) || sources.some(({ station }) => !station.settled)) return
    for (const worker of this.#plan?.reroute.from ?? []) if (!this.workers.includes(worker)) this.#options.built.links?.forget(worker)
    this.#moved()
    this.#moved = undefined
  }

  #movePartitions(name: string, station: SourceStation): void {
    const { self, left, failed } = this.#options
    const moves = this.#plan?.moves.filter(({ source }) => source === name) ?? []
    station.expect(moves.filter(({ to }) => to === self).length)
    for (const { partition, to } of moves.filter(({ from }) => from === self)) {
      station.leave(partition).then((saved) => left(name, to, saved), failed)
    }
  }
}
