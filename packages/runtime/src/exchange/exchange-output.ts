import type { Key, TimestampAlgebra, WorkerId } from '@malstrom/core'
import type { Route } from '../compile/exchange-points.ts'
import type { Barrier } from '../snapshot/barrier.ts'
import type { Columns } from './columns.ts'
import type { Outlet } from './frame.ts'
import { mergeAll } from './merge-all.ts'
import { type Routing, wrongOwner } from './routing.ts'

/** Where records for one worker go: over a link, or over an edge to the worker itself. */
export interface Target extends Pick<Outlet, 'advance' | 'idle' | 'barrier' | 'close' | 'full'> {
  /** Where its records are added. */
  readonly columns: Columns
}

export interface ExchangeOutputOptions {
  readonly route: Route
  readonly time: TimestampAlgebra<unknown>
  readonly routing: Routing
  /** The way to a worker. */
  target(worker: WorkerId): Target
}

/**
 * The sending side of an exchange: gives each record to the worker that owns its key, and every epoch
 * and barrier to all. Between a marker that reroutes and the announcement that follows it, epochs are
 * only remembered: what they promise might not hold yet for what is still to be handed over.
 */
export class ExchangeOutput implements Outlet {
  readonly #options: ExchangeOutputOptions
  /** Who records go to. */
  workers: readonly WorkerId[]
  /** Where the records of each worker are added, by its id: a list with holes. */
  columnsOf: readonly (Columns | undefined)[] = []
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

  get route(): Route {
    return this.#options.route
  }

  push(value: unknown, key: unknown, timestamp: unknown): void {
    const { route } = this.#options
    const routed = route.keyOf === undefined ? (key as Key) : route.keyOf(value, key, timestamp)
    const owner = route.partitioner(routed, this.workers)
    const columns = this.columnsOf[owner]
    if (columns === undefined) this.refuse(routed, owner)
    else columns.add(value, key, timestamp)
  }

  /** @throws MalstromError `ERR_PARTITIONER` */
  refuse(key: unknown, owner: unknown): never {
    throw wrongOwner(key, owner, this.workers)
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

  /** A promise may be told later: one epoch for all that came since the last frame. */
  #tell(): void {
    if (!this.#untold) return
    this.#untold = false
    for (const target of this.#targets) target.advance(this.#frontier)
  }

  #aim(workers: readonly WorkerId[]): void {
    this.#targets = workers.map((worker) => this.#options.target(worker))
    const columnsOf: Columns[] = []
    workers.forEach((worker, index) => {
      columnsOf[worker] = (this.#targets[index] as Target).columns
    })
    this.columnsOf = columnsOf
  }
}
