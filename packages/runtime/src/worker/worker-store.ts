import {
  type JobGraph,
  type Key,
  MalstromError,
  type ObjectStore,
  type PersistenceBackend,
  type ReadableObjectStore,
  type WorkerId,
} from '@malstrom/core'
import { ownerOf } from '../exchange/routing.ts'
import { keyRouteOf } from '../snapshot/keyed-by.ts'
import { loadCells } from '../snapshot/load-cells.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { KeyedCells } from '../state/keyed-cells.ts'
import type { RestoredJob } from './build-tasks.ts'
import { withDeadline } from './deadline.ts'
import type { Environment } from './environment.ts'

export interface StoreOptions {
  readonly graph: JobGraph
  readonly backend: PersistenceBackend
  readonly environment: Environment
  readonly waitLimitMs: number
}

/** The scope of a worker's segments. */
export function workerScope(workerId: number): string {
  return `worker-${workerId}`
}

/** What a worker has of the state of its job: its own scope, open for writing, and those of others to read. */
export class WorkerStore {
  readonly scope: string
  readonly store: ObjectStore
  readonly #options: StoreOptions
  readonly #self: WorkerId

  private constructor(options: StoreOptions, self: WorkerId, store: ObjectStore) {
    this.scope = workerScope(self)
    this.store = store
    this.#options = options
    this.#self = self
  }

  static async open(options: StoreOptions, self: WorkerId): Promise<WorkerStore> {
    const scope = workerScope(self)
    return new WorkerStore(options, self, await withinStore(options, `open "${scope}"`, options.backend.open(scope)))
  }

  /** The states of the keys that this worker owns among `workers`. */
  async restore(snapshot: Snapshot, workers: readonly WorkerId[], allowMixedKeys: readonly string[]): Promise<RestoredJob> {
    const { graph } = this.#options
    const ownChains = workers.length === snapshot.workers.length && workers.every((worker) => snapshot.workers.includes(worker))
    const others = new OtherScopes(this.#options, this.scope, this.store)
    const cells = new Map<string, KeyedCells<Key, unknown>>()
    try {
      for (const { operator, state } of snapshot.operators) {
        const node = graph.nodes.find(({ name }) => name === operator)
        if (state === undefined || node?.role !== 'operator') continue
        const chains = ownChains ? state.chains.filter(({ worker }) => worker === this.#self) : state.chains
        const route = keyRouteOf(node)
        const isMine =
          ownChains || route === undefined
            ? undefined
            : (key: Key, writer: WorkerId) =>
                ownerOf(route, key, workers) === this.#self && ownerOf(route, key, snapshot.workers) === writer
        const options = {
          job: graph.name,
          version: snapshot.version,
          allowMixedKeys,
          scope: (name: string) => others.read(name),
          within: <T>(what: string, promise: Promise<T>) => withinStore(this.#options, what, promise),
        }
        cells.set(operator, await loadCells(node, { ...state, chains }, options, isMine))
      }
    } finally {
      await others.close()
    }
    return { snapshot, ownChains, cellsOf: (operator) => cells.get(operator) }
  }

  async close(): Promise<void> {
    await withinStore(this.#options, 'close', this.store.close())
  }
}

/** Scopes that are read while a job is restored. */
class OtherScopes {
  readonly #options: StoreOptions
  readonly #open = new Map<string, Promise<ReadableObjectStore>>()
  readonly #own: string

  constructor(options: StoreOptions, own: string, store: ObjectStore) {
    this.#options = options
    this.#own = own
    this.#open.set(own, Promise.resolve(store))
  }

  read(scope: string): Promise<ReadableObjectStore> {
    const known = this.#open.get(scope) ?? withinStore(this.#options, `open "${scope}"`, this.#options.backend.read(scope))
    this.#open.set(scope, known)
    return known
  }

  async close(): Promise<void> {
    this.#open.delete(this.#own)
    for (const opened of await Promise.allSettled(this.#open.values())) {
      if (opened.status === 'fulfilled') await withinStore(this.#options, 'close', opened.value.close())
    }
  }
}

/** Waits for a store with a deadline; what a store throws becomes an error that says what it was about. */
export async function withinStore<T>(
  { environment, waitLimitMs, graph }: Omit<StoreOptions, 'backend'>,
  what: string,
  promise: Promise<T>,
): Promise<T> {
  try {
    return await withDeadline(environment, waitLimitMs, `the state store to ${what}`, promise)
  } catch (error) {
    if (error instanceof MalstromError) throw error
    const cause = error instanceof Error ? error.message : String(error)
    throw new MalstromError('ERR_STORE', `The state store failed to ${what}: ${cause}`, {
      cause: error,
      context: { job: graph.name },
      outcome: 'unknown',
    })
  }
}
