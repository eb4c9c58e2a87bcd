import { type Key, MalstromError, type PersistenceBackend, type ReadableObjectStore, sameKey } from '@malstrom/core'
import { decodeHead, HEAD_PATH, type Head, type HeadEntry, MANIFEST_SCOPE } from './head.ts'
import { eachSegment } from './load-cells.ts'
import { decodeManifest } from './manifest.ts'
import { partsOf, type Snapshot } from './snapshot.ts'

/** A state as a snapshot holds it: before `migrate`, and as bytes if the operator has a codec of its own. */
export interface StoredState {
  readonly key: Key
  readonly state: unknown
}

/**
 * Looks into the snapshots at a location, also while the job runs: claims nothing and changes nothing. A
 * snapshot that is removed meanwhile, because newer ones have replaced it, reads as damaged.
 */
export class SnapshotReader {
  readonly head: Head
  readonly #backend: PersistenceBackend
  readonly #scopes: Map<string, Promise<ReadableObjectStore>>

  private constructor(head: Head, backend: PersistenceBackend, scopes: Map<string, Promise<ReadableObjectStore>>) {
    this.head = head
    this.#backend = backend
    this.#scopes = scopes
  }

  /** @throws MalstromError `ERR_SNAPSHOT_NOT_FOUND` if there is no state at the location. */
  static async open(backend: PersistenceBackend): Promise<SnapshotReader> {
    const store = backend.read(MANIFEST_SCOPE)
    const object = await (await store).get(HEAD_PATH)
    if (object === undefined) throw new MalstromError('ERR_SNAPSHOT_NOT_FOUND', 'There is no state of a job at this location.')
    return new SnapshotReader(decodeHead(object.bytes), backend, new Map([[MANIFEST_SCOPE, store]]))
  }

  /** The snapshots that are kept, oldest first. */
  get snapshots(): readonly HeadEntry[] {
    return this.head.snapshots
  }

  /** @throws MalstromError `ERR_SNAPSHOT_NOT_FOUND` or `ERR_SNAPSHOT_CORRUPT` */
  async read(version: number): Promise<Snapshot> {
    const entry = this.snapshots.find((known) => known.version === version)
    if (entry === undefined) {
      const known = this.snapshots.map((other) => other.version).join(', ')
      const what = `Job "${this.head.job}" has no snapshot ${version}; there is ${known === '' ? 'none' : known}.`
      throw new MalstromError('ERR_SNAPSHOT_NOT_FOUND', what)
    }
    const what = `Snapshot ${version} of job "${this.head.job}"`
    const object = await (await this.#scope(MANIFEST_SCOPE)).get(entry.path)
    if (object === undefined) throw new MalstromError('ERR_SNAPSHOT_CORRUPT', `${what} has lost its manifest "${entry.path}".`)
    return decodeManifest(object.bytes, what)
  }

  /** The states of an operator, in the order in which their keys were first seen; of one key, if it is given. */
  async states(snapshot: Snapshot, operator: string, only?: Key): Promise<StoredState[]> {
    const saved = snapshot.operators.find((known) => known.operator === operator)
    if (saved?.state === undefined) {
      const names = snapshot.operators.filter(({ state }) => state !== undefined).map((known) => `"${known.operator}"`)
      const what = `Snapshot ${snapshot.version} has no states of an operator "${operator}"; there are states of ${names.join(', ') || 'none'}.`
      throw new MalstromError('ERR_SNAPSHOT_NOT_FOUND', what)
    }
    // A key that has moved from one worker to another is in what the first had written, and in that it was removed.
    const byWorker = new Map<number, Map<string, StoredState>>()
    await eachSegment(saved.state, operator, this.#loadOptions(snapshot), ({ keys, states: values, removed, worker }) => {
      const states = byWorker.get(worker) ?? new Map<string, StoredState>()
      byWorker.set(worker, states)
      keys.forEach((key, index) => {
        if (only !== undefined && !sameKey(key as Key, only)) return
        const name = nameOf(key as Key)
        if (removed?.[index] === true) states.delete(name)
        else states.set(name, { key: key as Key, state: values[index] })
      })
    })
    return [...byWorker.values()].flatMap((states) => [...states.values()])
  }

  /** Reads every byte that a snapshot needs. @throws MalstromError `ERR_SNAPSHOT_CORRUPT` */
  async verify(version: number): Promise<{ readonly segments: number; readonly bytes: number }> {
    const snapshot = await this.read(version)
    let segments = 0
    let bytes = 0
    for (const { operator, state } of snapshot.operators) {
      if (state === undefined) continue
      await eachSegment(state, operator, this.#loadOptions(snapshot), () => {})
      segments += partsOf(state).reduce((sum, part) => sum + part.segments.length, 0)
      bytes += partsOf(state).reduce((sum, part) => sum + part.bytes, 0)
    }
    return { segments, bytes }
  }

  async close(): Promise<void> {
    for (const store of this.#scopes.values()) await (await store).close()
    await this.#backend.close()
  }

  #scope(name: string): Promise<ReadableObjectStore> {
    const known = this.#scopes.get(name) ?? this.#backend.read(name)
    this.#scopes.set(name, known)
    return known
  }

  #loadOptions({ job, version }: Snapshot) {
    return { job, version, scope: (name: string) => this.#scope(name), within: <T>(_what: string, promise: Promise<T>) => promise }
  }
}

/** A text that is equal for equal keys, and only for those. */
function nameOf(key: Key): string {
  if (typeof key === 'object') return `[${key.map(nameOf).join(',')}]`
  return `${typeof key} ${typeof key === 'string' ? JSON.stringify(key) : String(key)}`
}
