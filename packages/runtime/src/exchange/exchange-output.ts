import { type Key, rendezvousSelect, type TimestampAlgebra, type WorkerId } from '@malstrom/core'
import type { Route } from '../compile/exchange-points.ts'
import type { Barrier } from '../snapshot/barrier.ts'
import type { Columns } from './columns.ts'
import { Combiner } from './combiner.ts'
import type { Outlet } from './frame.ts'
import { mergeAll } from './merge-all.ts'
import { OwnerCache } from './owner-cache.ts'
import { type Routing, wrongOwner } from './routing.ts'

/** Where records for one worker go: over a link, or over an edge to the worker itself. */
export interface Target extends Pick<Outlet, 'advance' | 'idle' | 'barrier' | 'close' | 'full'> {
  /** Where its records are added. */
  readonly columns: Columns
}

export interface ExchangeOutputOptions {
  readonly route: Route | 'all'
  readonly time: TimestampAlgebra<unknown>
  readonly routing: Routing
  /** The way to a worker. */
  target(worker: WorkerId): Target
}

/**
 * The sending side of an exchange: gives each record to the worker that owns its key or to all, and every epoch
 * and barrier to all. Between a marker that reroutes and the announcement that follows it, epochs are
 * only remembered: what they promise might not hold yet for what is still to be handed over.
 */
export class ExchangeOutput implements Outlet {
  readonly #options: ExchangeOutputOptions
  /** Who records go to. */
  workers: readonly WorkerId[]
  /** Where the records of each worker are added, by its id: a list with holes. Those of a worker are here from its first record on. */
  columnsOf: (Columns | undefined)[] = []
  /** What knows the records of each worker that can be combined with others, by its id; empty if nothing is. */
  combinerOf: readonly (Combiner | undefined)[] = []
  /** Set if the partitioner is `rendezvousSelect`. */
  ownerCache: OwnerCache | undefined
  #targets: readonly Target[] = []
  #frontier: unknown
  #idle = false
  #announced = false
  /** There is an epoch that has not been sent yet. */
  #untold = false

  constructor(options: ExchangeOutputOptions) {
    this.#options = options
    this.workers = options.routing.workers
    this.#aim(this.workers)
  }

  /** The last epoch that came. */
  get frontier(): unknown {
    return this.#frontier
  }

  adopt(frontiers: readonly unknown[]): void {
    this.#frontier = mergeAll(this.#options.time, frontiers)
  }

  get route(): Route | 'all' {
    return this.#options.route
  }

  push(value: unknown, key: unknown, timestamp: unknown): void {
    const { route } = this.#options
    if (route === 'all') {
      for (let i = 0; i < this.#targets.length; i++) this.#targets[i]?.columns.add(value, key, timestamp)
      return
    }
    const routed = route.keyOf === undefined ? (key as Key) : route.keyOf(value, key, timestamp)
    const owner = route.partitioner(routed, this.workers)
    const columns = this.columnsOf[owner] ?? this.begin(routed, owner, value, key, timestamp)
    if (this.combinerOf[owner]?.combine(columns, value, key as Key, timestamp) !== true) columns.add(value, key, timestamp)
  }

  /**
   * The columns for a worker whose first record this is.
   *
   * @throws MalstromError `ERR_PARTITIONER` if there is no such worker.
   */
  begin(routed: unknown, owner: WorkerId, value: unknown, key: unknown, timestamp: unknown): Columns {
    const columns = this.#targets[this.workers.indexOf(owner)]?.columns
    if (columns === undefined) throw wrongOwner(routed, owner, this.workers)
    if (!columns.begun) columns.begin(value, key, timestamp)
    this.columnsOf[owner] = columns
    return columns
  }

  get time(): TimestampAlgebra<unknown> {
    return this.#options.time
  }

  advance(epoch: unknown): void {
    const { time } = this.#options
    // What is announced after a rescale may be less than before: receivers keep what they were promised.
    if (this.#announced && this.#frontier !== undefined && time.compare(epoch, this.#frontier) <= 0) return
    this.#frontier = epoch
    this.#untold = this.#announced
  }

  announce(): void {
    this.#announced = true
    this.#untold = false
    for (const target of this.#targets) {
      if (this.#frontier !== undefined) target.advance(this.#frontier)
      target.idle(this.#idle)
    }
  }

  idle(idle: boolean): void {
    if (this.#idle === idle) return
    this.#idle = idle
    if (!this.#announced) return
    this.#tell()
    for (const target of this.#targets) target.idle(idle)
  }

  /** A marker goes to the workers before and after it, then records go to those after it. */
  barrier(barrier: Barrier): void {
    this.#tell()
    const { route } = barrier
    if (route === undefined) {
      for (const target of this.#targets) target.barrier(barrier)
      return
    }
    const all = [...new Set([...route.from, ...route.to])].sort((a, b) => a - b)
    for (const worker of all) this.#options.target(worker).barrier(barrier)
    this.#announced = false
    this.workers = route.to
    this.#aim(route.to)
  }

  close(): void {
    for (let i = 0; i < this.#targets.length; i++) this.#targets[i]?.close()
    this.#tell()
  }

  get full(): boolean {
    for (let i = 0; i < this.#targets.length; i++) if (this.#targets[i]?.full) return true
    return false
  }

  /** The workers that have not taken what was sent to them. */
  get fullFor(): readonly WorkerId[] {
    return this.workers.filter((_worker, index) => this.#targets[index]?.full === true)
  }

  /** A promise may be told later: one epoch for all that came since the last frame. */
  #tell(): void {
    if (!this.#untold) return
    this.#untold = false
    for (const target of this.#targets) target.advance(this.#frontier)
  }

  #aim(workers: readonly WorkerId[]): void {
    this.#targets = workers.map((worker) => this.#options.target(worker))
    this.columnsOf = []
    this.combinerOf = []
    for (const worker of workers) this.columnsOf[worker] = undefined
    const { route, time } = this.#options
    if (route === 'all') return
    const { combine } = route
    // One worker adds up its records as they come: to look for others first would only cost time.
    if (combine !== undefined && workers.length > 1) {
      const combinerOf: Combiner[] = []
      for (const worker of workers) combinerOf[worker] = new Combiner(combine, time)
      this.combinerOf = combinerOf
    }
    if (route.partitioner === rendezvousSelect) this.ownerCache = new OwnerCache(workers)
  }
}
