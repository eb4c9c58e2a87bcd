import { type ETag, MalstromError, type ObjectStore, type PersistenceBackend } from '@malstrom/core'
import type { SimulatedProcess, World } from './world.ts'

const LATENCY_MS_MAX = 5

export interface StoreFaults {
  /** Probability that a write takes effect and nevertheless reports a time-out. */
  readonly ambiguous: number
  /** Probability that an operation fails without effect. */
  readonly failing: number
}

const NO_FAULTS: StoreFaults = { ambiguous: 0, failing: 0 }

/** What is stored, whichever process wrote it. */
export class SimulatedDisk {
  readonly objects = new Map<string, { readonly bytes: Uint8Array; readonly etag: ETag }>()
  writes = 0
}

/**
 * An object store in the simulated world: every operation takes time before it has an effect and
 * again before it answers, and a process that dies in between never hears of it. It serves `process`,
 * or whichever is current.
 */
export function simulatedPersistence(
  world: World,
  disk: SimulatedDisk,
  faults: StoreFaults = NO_FAULTS,
  process?: SimulatedProcess,
): PersistenceBackend {
  const open = async (scope: string) => new SimulatedStore(world, disk, faults, scope, process)
  return { open, read: open, close: async () => {} }
}

class SimulatedStore implements ObjectStore {
  readonly #world: World
  readonly #disk: SimulatedDisk
  readonly #faults: StoreFaults
  readonly #scope: string
  readonly #process: SimulatedProcess | undefined

  constructor(world: World, disk: SimulatedDisk, faults: StoreFaults, scope: string, process: SimulatedProcess | undefined) {
    this.#world = world
    this.#disk = disk
    this.#faults = faults
    this.#scope = scope
    this.#process = process
  }

  async get(path: string): Promise<{ readonly bytes: Uint8Array; readonly etag: ETag } | undefined> {
    await this.#wait(`read ${path}`)
    const object = this.#disk.objects.get(this.#key(path))
    return object === undefined ? undefined : { bytes: object.bytes.slice(), etag: object.etag }
  }

  put(path: string, bytes: Uint8Array): Promise<ETag> {
    return this.#write(path, bytes, undefined)
  }

  putIf(path: string, bytes: Uint8Array, expected: ETag | 'absent'): Promise<ETag> {
    return this.#write(path, bytes, expected)
  }

  async *list(prefix: string): AsyncIterable<string> {
    await this.#wait(`list ${prefix}`)
    const start = this.#key(prefix)
    for (const key of [...this.#disk.objects.keys()].filter((known) => known.startsWith(start)).sort())
      yield key.slice(this.#scope.length + 1)
  }

  async delete(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      await this.#wait(`delete ${path}`)
      this.#disk.objects.delete(this.#key(path))
    }
  }

  async close(): Promise<void> {}

  async #write(path: string, bytes: Uint8Array, expected: ETag | 'absent' | undefined): Promise<ETag> {
    const { dice } = this.#world
    const content = new Uint8Array(bytes)
    await this.#wait(`write ${path}`)
    if (dice.chance(this.#faults.failing)) throw new MalstromError('ERR_STORE', `The write of "${path}" failed.`)
    const current = this.#disk.objects.get(this.#key(path))?.etag ?? 'absent'
    if (expected !== undefined && current !== expected) {
      await this.#wait(`conflict at ${path}`)
      throw new MalstromError('ERR_STORE_CONFLICT', `The object "${path}" is not as expected.`)
    }
    const etag = `${++this.#disk.writes}`
    this.#disk.objects.set(this.#key(path), { bytes: content, etag })
    this.#world.note(`${path} is written`)
    await this.#wait(`written ${path}`)
    if (dice.chance(this.#faults.ambiguous)) {
      throw new MalstromError('ERR_STORE', `The write of "${path}" timed out.`, { outcome: 'unknown' })
    }
    return etag
  }

  #wait(what: string): Promise<void> {
    return this.#world.wait(what, LATENCY_MS_MAX, this.#process)
  }

  #key(path: string): string {
    return `${this.#scope}/${path}`
  }
}
