import type { JobGraph, ObjectStore, SnapshotVersion } from '@malstrom/core'
import { checkFit } from '../snapshot/check-fit.ts'
import { checkTimes } from '../snapshot/check-times.ts'
import { MANIFEST_SCOPE } from '../snapshot/head.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { SnapshotLog } from '../snapshot/snapshot-log.ts'
import { type StoreOptions, withinStore, workerScope } from '../worker/worker-store.ts'

/** Who deletes what a worker that is at work has written: in some stores, only its writer can. */
export type Deleter = (paths: readonly string[]) => Promise<void>

/** The snapshots of a job as one start of it sees them: claimed, and open for writing. */
export class StateStore {
  readonly log: SnapshotLog
  readonly #options: StoreOptions
  readonly #scopes: Scopes
  readonly #deleters: Map<string, Deleter>

  private constructor(log: SnapshotLog, options: StoreOptions, scopes: Scopes, deleters: Map<string, Deleter>) {
    this.log = log
    this.#options = options
    this.#scopes = scopes
    this.#deleters = deleters
  }

  /** Claims the job: no earlier start can commit any more. */
  static async claim(options: StoreOptions): Promise<StateStore> {
    checkTimes(options.graph)
    const scopes = new Scopes(options)
    const deleters = new Map<string, Deleter>()
    try {
      const log = await SnapshotLog.claim({
        job: options.graph.name,
        store: await scopes.open(MANIFEST_SCOPE),
        segments: async (scope) => {
          const deleter = deleters.get(scope)
          return deleter === undefined ? scopes.open(scope) : { delete: deleter, list: noneLeft }
        },
        within: (what, promise) => withinStore(options, what, promise),
      })
      return new StateStore(log, options, scopes, deleters)
    } catch (error) {
      await scopes.close()
      throw error
    }
  }

  /** A snapshot: the last one, or the one asked for. @throws MalstromError `ERR_SNAPSHOT_MISMATCH` */
  async read(version: SnapshotVersion | undefined, allowDropped: readonly string[]): Promise<Snapshot | undefined> {
    const snapshot = await this.log.read(version)
    if (snapshot === undefined) return undefined
    const { graph } = this.#options
    checkFit(graph, snapshot, allowDropped)
    return withoutDropped(snapshot, graph)
  }

  /** Removes what starts that failed have left behind, while no worker is at work. */
  async removeLeftovers(workers: readonly number[]): Promise<void> {
    const most = Math.max(0, ...workers)
    await this.log.removeLeftovers(Array.from({ length: most + 1 }, (_, worker) => workerScope(worker)))
    // Some stores have one writer for each scope: from now on those are the workers.
    await this.#scopes.closeAllBut(MANIFEST_SCOPE)
  }

  /** While a worker is at work, it deletes by itself what nobody needs any more. */
  deleteThrough(worker: number, deleter: Deleter | undefined): void {
    if (deleter === undefined) this.#deleters.delete(workerScope(worker))
    else this.#deleters.set(workerScope(worker), deleter)
  }

  async close(): Promise<void> {
    await this.#scopes.closeAllBut(undefined)
  }
}

async function* noneLeft(): AsyncIterable<string> {}

/** The stores of one start, each opened once. */
class Scopes {
  readonly #options: StoreOptions
  readonly #open = new Map<string, Promise<ObjectStore>>()

  constructor(options: StoreOptions) {
    this.#options = options
  }

  open(scope: string): Promise<ObjectStore> {
    const known = this.#open.get(scope)
    if (known !== undefined) return known
    const opening = withinStore(this.#options, `open "${scope}"`, this.#options.backend.open(scope))
    this.#open.set(scope, opening)
    return opening
  }

  async close(): Promise<void> {
    await this.closeAllBut(undefined)
  }

  async closeAllBut(kept: string | undefined): Promise<void> {
    const closing = [...this.#open].filter(([scope]) => scope !== kept)
    for (const [scope] of closing) this.#open.delete(scope)
    for (const result of await Promise.allSettled(closing.map(([, opening]) => opening))) {
      if (result.status === 'fulfilled') await withinStore(this.#options, 'close', result.value.close())
    }
  }
}

/** Only what the graph still has, so that nothing refers to what is gone. */
function withoutDropped(snapshot: Snapshot, graph: JobGraph): Snapshot {
  const names = new Set(graph.nodes.map(({ name }) => name))
  return {
    ...snapshot,
    sources: snapshot.sources.filter(({ source }) => names.has(source)),
    operators: snapshot.operators.filter(({ operator }) => names.has(operator)),
    sinks: snapshot.sinks.filter(({ sink }) => names.has(sink)),
  }
}
