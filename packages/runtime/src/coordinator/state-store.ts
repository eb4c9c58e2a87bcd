import { type JobGraph, type Key, MalstromError, type ObjectStore, type PersistenceBackend } from '@malstrom/core'
import { checkFit } from '../snapshot/check-fit.ts'
import { MANIFEST_SCOPE } from '../snapshot/head.ts'
import { loadCells } from '../snapshot/load-cells.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { SnapshotLog } from '../snapshot/snapshot-log.ts'
import type { KeyedCells } from '../state/keyed-cells.ts'
import type { RestoredJob } from '../worker/build-tasks.ts'
import { withDeadline } from '../worker/deadline.ts'
import type { Environment } from '../worker/environment.ts'

export interface StateStoreOptions {
  readonly graph: JobGraph
  readonly backend: PersistenceBackend
  readonly environment: Environment
  readonly waitLimitMs: number
}

/** The scope of a worker's segments. */
export function workerScope(workerId: number): string {
  return `worker-${workerId}`
}

/** The state of a job as one start of it sees it: claimed, and open for reading and writing. */
export class StateStore {
  readonly log: SnapshotLog
  readonly #options: StateStoreOptions
  readonly #scopes: Scopes

  private constructor(log: SnapshotLog, options: StateStoreOptions, scopes: Scopes) {
    this.log = log
    this.#options = options
    this.#scopes = scopes
  }

  /** Claims the job: no earlier start can commit any more. */
  static async claim(options: StateStoreOptions): Promise<StateStore> {
    const scopes = new Scopes(options)
    try {
      const log = await SnapshotLog.claim({
        job: options.graph.name,
        store: await scopes.open(MANIFEST_SCOPE),
        segments: (scope) => scopes.open(scope),
        within: (what, promise) => within(options, what, promise),
      })
      return new StateStore(log, options, scopes)
    } catch (error) {
      await scopes.close()
      throw error
    }
  }

  /** A snapshot with its states: the last one, or the one asked for. @throws MalstromError `ERR_SNAPSHOT_MISMATCH` */
  async restore(version: number | undefined, allowDropped: readonly string[]): Promise<RestoredJob | undefined> {
    const snapshot = await this.log.read(version)
    if (snapshot === undefined) return undefined
    const { graph } = this.#options
    checkFit(graph, snapshot, allowDropped)
    const cells = new Map<string, KeyedCells<Key, unknown>>()
    for (const { operator, state } of snapshot.operators) {
      const node = graph.nodes.find(({ name }) => name === operator)
      if (state !== undefined && node?.role === 'operator') cells.set(operator, await this.#load(snapshot, node, state))
    }
    return { snapshot: withoutDropped(snapshot, graph), cellsOf: (operator) => cells.get(operator) }
  }

  /** Where a worker writes its segments. */
  async location(workerId: number): Promise<{ store: ObjectStore; scope: string }> {
    const scope = workerScope(workerId)
    return { store: await this.#scopes.open(scope), scope }
  }

  async close(): Promise<void> {
    await this.#scopes.close()
  }

  #load(
    snapshot: Snapshot,
    node: Parameters<typeof loadCells>[0],
    state: Parameters<typeof loadCells>[1],
  ): Promise<KeyedCells<Key, unknown>> {
    return loadCells(node, state, {
      job: this.#options.graph.name,
      version: snapshot.version,
      scope: (name) => this.#scopes.open(name),
      within: (what, promise) => within(this.#options, what, promise),
    })
  }
}

/** The stores of one start, each opened once. */
class Scopes {
  readonly #options: StateStoreOptions
  readonly #open = new Map<string, Promise<ObjectStore>>()

  constructor(options: StateStoreOptions) {
    this.#options = options
  }

  open(scope: string): Promise<ObjectStore> {
    const known = this.#open.get(scope)
    if (known !== undefined) return known
    const opening = within(this.#options, `open "${scope}"`, this.#options.backend.open(scope))
    this.#open.set(scope, opening)
    return opening
  }

  async close(): Promise<void> {
    const opened = await Promise.allSettled(this.#open.values())
    this.#open.clear()
    for (const result of opened) {
      if (result.status === 'fulfilled') await within(this.#options, 'close', result.value.close())
    }
  }
}

async function within<T>({ environment, waitLimitMs, graph }: StateStoreOptions, what: string, promise: Promise<T>): Promise<T> {
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

/** Only what the graph still has, so that nothing refers to what is gone. */
function withoutDropped(snapshot: Snapshot, graph: JobGraph): Snapshot {
  const names = new Set(graph.nodes.map(({ name }) => name))
  return {
    ...snapshot,
    sources: snapshot.sources.filter(({ source }) => names.has(source)),
    operators: snapshot.operators.filter(({ operator }) => names.has(operator)),
    sinks: snapshot.sinks.filter(({ sink }) => names.has(sink)),
    inputs: snapshot.inputs.filter(({ node }) => names.has(node)),
  }
}
