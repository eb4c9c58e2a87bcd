import { type ETag, type Generation, MalstromError, type ObjectStore, type SnapshotVersion } from '@malstrom/core'
import { checkJob, decodeHead, encodeHead, HEAD_PATH, type Head, type HeadEntry, newHead } from './head.ts'
import { decodeManifest, encodeManifest } from './manifest.ts'
import type { SegmentRef, Snapshot } from './snapshot.ts'

/** Snapshots that are kept, so that an older one can be chosen. */
const SNAPSHOTS_KEPT = 3

/** Attempts at one compare-and-set before giving up: each conflict is somebody else's progress. */
const ATTEMPTS_MAX = 10

export interface SnapshotLogOptions {
  readonly job: string
  /** The scope of the head and the manifests. */
  readonly store: ObjectStore
  /** The store of a worker's scope, to remove segments from. */
  segments(scope: string): Promise<Pick<ObjectStore, 'list' | 'delete'>>
  /** Waits for the store, but not for ever. */
  within<T>(what: string, promise: Promise<T>): Promise<T>
}

interface OpenHead {
  readonly head: Head
  readonly etag: ETag
}

/**
 * The snapshots of a job that count. The head names them; it changes by compare-and-set only. A start
 * of the job first claims a new generation in the head and then reads it: from then on no earlier
 * start can commit, because what it expects the head to be is no longer true.
 */
export class SnapshotLog {
  readonly generation: Generation
  readonly #options: SnapshotLogOptions
  /** What kept snapshots refer to, by the path of the manifest. */
  readonly #segments = new Map<string, readonly SegmentRef[]>()
  #open: OpenHead

  private constructor(options: SnapshotLogOptions, open: OpenHead) {
    this.#options = options
    this.#open = open
    this.generation = open.head.generation
  }

  /** Claims the next generation. @throws MalstromError `ERR_STATE_LOCATION` if another job's state is there. */
  static async claim(options: SnapshotLogOptions): Promise<SnapshotLog> {
    let failure: unknown
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const known = await readHead(options)
      if (known !== undefined) checkJob(known.head, options.job)
      const current = known?.head ?? newHead(options.job)
      const head: Head = { ...current, generation: current.generation + 1 }
      try {
        const etag = await options.within('claim the job', options.store.putIf(HEAD_PATH, encodeHead(head), known?.etag ?? 'absent'))
        return new SnapshotLog(options, { head, etag })
      } catch (error) {
        // Somebody else was faster, or nobody knows: the next generation is free in either case.
        if (!isConflict(error) && !isUnknown(error)) throw error
        failure = error
      }
    }
    throw failure
  }

  /** The snapshots that are kept, oldest first. */
  get snapshots(): readonly HeadEntry[] {
    return this.#open.head.snapshots
  }

  /** The last snapshot, or the one asked for; `undefined` if there is none yet. */
  async read(version: SnapshotVersion | undefined): Promise<Snapshot | undefined> {
    const entry = version === undefined ? this.snapshots.at(-1) : this.snapshots.find((known) => known.version === version)
    if (entry !== undefined) return this.#readManifest(entry)
    if (version === undefined) return undefined
    const known = this.snapshots.map((other) => other.version).join(', ')
    throw new MalstromError(
      'ERR_SNAPSHOT_NOT_FOUND',
      `Job "${this.#options.job}" has no snapshot ${version}; there is ${known === '' ? 'none' : known}.`,
    )
  }

  /**
   * Makes a snapshot count. All its segments must be durable.
   *
   * @throws MalstromError `ERR_FENCED` if a later start of the job has taken over
   */
  async commit(snapshot: Snapshot): Promise<void> {
    const { version, generation, takenAtMs, finished } = snapshot
    const path = `snapshots/${generation}-${version}`
    await this.#within(`keep the manifest of snapshot ${version}`, this.#options.store.put(path, encodeManifest(snapshot)))
    const entry: HeadEntry = { version, generation, path, takenAtMs, finished }
    const before = this.snapshots
    // A snapshot that was restored from an older one replaces those after it.
    const kept = [...before.filter((known) => known.version < version), entry].slice(-SNAPSHOTS_KEPT)
    this.#segments.set(path, segmentsOf(snapshot))
    await this.#replaceHead({ ...this.#open.head, snapshots: kept }, (head) => head.snapshots.some((known) => known.path === path))
    await this.#remove(before.filter((known) => !kept.includes(known)))
  }

  /**
   * Removes what starts that failed have left behind: objects that no kept snapshot refers to. Only those
   * of earlier generations: by the time this runs, a later one may have taken over and written its own.
   */
  async removeLeftovers(scopes: readonly string[]): Promise<void> {
    const needed = await this.#neededPaths()
    const manifests = new Set(this.snapshots.map(({ path }) => path))
    await this.#removeFrom(
      this.#options.store,
      'snapshots/',
      (path) => !manifests.has(path) && this.#isEarlier(path.slice('snapshots/'.length)),
    )
    for (const scope of scopes) {
      const store = await this.#options.segments(scope)
      await this.#removeFrom(store, '', (path) => !needed.has(pathKey(scope, path)) && this.#isEarlier(path))
    }
  }

  /** Whether a path that begins with a generation was written before this one. */
  #isEarlier(path: string): boolean {
    return Number.parseInt(path, 10) < this.generation
  }

  async #removeFrom(store: Pick<ObjectStore, 'list' | 'delete'>, prefix: string, unneeded: (path: string) => boolean): Promise<void> {
    const list = async () => {
      const found: string[] = []
      for await (const path of store.list(prefix)) if (unneeded(path)) found.push(path)
      return found
    }
    const paths = await this.#within('list what there is', list())
    if (paths.length > 0) await this.#within('delete what nobody needs', store.delete(paths))
  }

  /** Removes snapshots that are no longer kept, and the segments that only they refer to. */
  async #remove(dropped: readonly HeadEntry[]): Promise<void> {
    if (dropped.length === 0) return
    const needed = await this.#neededPaths()
    const unneeded = new Map<string, string[]>()
    for (const entry of dropped) {
      for (const { scope, path } of await this.#segmentsOf(entry)) {
        if (needed.has(pathKey(scope, path))) continue
        needed.add(pathKey(scope, path))
        unneeded.set(scope, [...(unneeded.get(scope) ?? []), path])
      }
    }
    for (const [scope, paths] of unneeded) {
      const store = await this.#options.segments(scope)
      await this.#within('delete segments that nobody needs', store.delete(paths))
    }
    // The manifests last: as long as one is there, what it refers to can be found and removed.
    await this.#within('delete old manifests', this.#options.store.delete(dropped.map(({ path }) => path)))
    for (const { path } of dropped) this.#segments.delete(path)
  }

  async #neededPaths(): Promise<Set<string>> {
    const needed = new Set<string>()
    for (const entry of this.snapshots) {
      for (const { scope, path } of await this.#segmentsOf(entry)) needed.add(pathKey(scope, path))
    }
    return needed
  }

  async #segmentsOf(entry: HeadEntry): Promise<readonly SegmentRef[]> {
    const known = this.#segments.get(entry.path) ?? segmentsOf(await this.#readManifest(entry))
    this.#segments.set(entry.path, known)
    return known
  }

  /** Compare-and-set of the head; `done` tells whether a write whose outcome is unknown has happened. */
  async #replaceHead(head: Head, done: (current: Head) => boolean): Promise<void> {
    let failure: unknown
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      try {
        const etag = await this.#within('commit a snapshot', this.#options.store.putIf(HEAD_PATH, encodeHead(head), this.#open.etag))
        this.#open = { head, etag }
        return
      } catch (error) {
        if (!isConflict(error) && !isUnknown(error)) throw error
        failure = error
      }
      const current = await readHead(this.#options)
      if (current === undefined || current.head.generation !== this.generation) throw this.#fenced(current?.head.generation)
      if (done(current.head)) {
        this.#open = current
        return
      }
      this.#open = { head: this.#open.head, etag: current.etag }
    }
    throw failure
  }

  async #readManifest({ path, version }: HeadEntry): Promise<Snapshot> {
    const what = `Snapshot ${version} of job "${this.#options.job}"`
    const object = await this.#within(`read the manifest of snapshot ${version}`, this.#options.store.get(path))
    if (object === undefined)
      throw new MalstromError('ERR_SNAPSHOT_CORRUPT', `${what} has lost its manifest "${path}". Restore an older snapshot.`)
    return decodeManifest(object.bytes, what)
  }

  #fenced(by: Generation | undefined): MalstromError {
    const { job } = this.#options
    const what = by === undefined ? 'its state was removed' : `generation ${by}; this one is ${this.generation}`
    return new MalstromError('ERR_FENCED', `Another start of job "${job}" has taken over (${what}). This one stops.`, { context: { job } })
  }

  #within<T>(what: string, promise: Promise<T>): Promise<T> {
    return this.#options.within(what, promise)
  }
}

/** Every segment that a snapshot refers to. */
export function segmentsOf(snapshot: Snapshot): SegmentRef[] {
  return snapshot.operators.flatMap(({ state }) => state?.chains.flatMap(({ parts }) => parts.flatMap(({ segments }) => segments)) ?? [])
}

async function readHead({ store, within }: SnapshotLogOptions): Promise<OpenHead | undefined> {
  const object = await within('read the head', store.get(HEAD_PATH))
  return object === undefined ? undefined : { head: decodeHead(object.bytes), etag: object.etag }
}

function pathKey(scope: string, path: string): string {
  return `${scope}/${path}`
}

function isConflict(error: unknown): boolean {
  return error instanceof MalstromError && error.code === 'ERR_STORE_CONFLICT'
}

function isUnknown(error: unknown): boolean {
  return error instanceof MalstromError && error.outcome === 'unknown'
}
