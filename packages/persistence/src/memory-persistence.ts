import type { ETag, ObjectStore, PersistenceBackend } from '@malstrom/core'
import { checkPath, checkScope } from './path.ts'
import { byteOrder, closedError, conflictError } from './store-error.ts'

interface StoredObject {
  readonly bytes: Uint8Array
  readonly etag: ETag
}

/**
 * Keeps state in the memory of this process: it survives a restart of the job, and not of the process.
 * For tests, and for jobs that may begin anew. Everything that uses the same backend sees the same state.
 */
export function memoryPersistence(): PersistenceBackend {
  const scopes = new Map<string, Map<string, StoredObject>>()
  let writes = 0
  const open = (scope: string) => {
    checkScope(scope)
    const objects = scopes.get(scope) ?? new Map<string, StoredObject>()
    scopes.set(scope, objects)
    return new MemoryStore(scope, objects, () => `${++writes}`)
  }
  return {
    onlyHere: true,
    open: async (scope) => open(scope),
    read: async (scope) => open(scope),
    close: async () => {},
  }
}

class MemoryStore implements ObjectStore {
  readonly #scope: string
  readonly #objects: Map<string, StoredObject>
  readonly #nextTag: () => ETag
  #closed = false

  constructor(scope: string, objects: Map<string, StoredObject>, nextTag: () => ETag) {
    this.#scope = scope
    this.#objects = objects
    this.#nextTag = nextTag
  }

  async get(path: string): Promise<StoredObject | undefined> {
    this.#check(path)
    const object = this.#objects.get(path)
    return object === undefined ? undefined : { bytes: object.bytes.slice(), etag: object.etag }
  }

  async put(path: string, bytes: Uint8Array): Promise<ETag> {
    this.#check(path)
    const etag = this.#nextTag()
    this.#objects.set(path, { bytes: new Uint8Array(bytes), etag })
    return etag
  }

  async putIf(path: string, bytes: Uint8Array, expected: ETag | 'absent'): Promise<ETag> {
    this.#check(path)
    const current = this.#objects.get(path)?.etag ?? 'absent'
    if (current !== expected) throw conflictError(path)
    return this.put(path, bytes)
  }

  async *list(prefix: string): AsyncIterable<string> {
    this.#check(undefined)
    for (const path of [...this.#objects.keys()].filter((known) => known.startsWith(prefix)).sort(byteOrder)) yield path
  }

  async delete(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      this.#check(path)
      this.#objects.delete(path)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #check(path: string | undefined): void {
    if (this.#closed) throw closedError(this.#scope)
    if (path !== undefined) checkPath(path)
  }
}
