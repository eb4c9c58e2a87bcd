import type { ETag, ObjectStore, PersistenceBackend } from '@malstrom/core'

/** Counts the bytes that are written through it. */
export class CountedPersistence implements PersistenceBackend {
  bytes = 0
  readonly #backend: PersistenceBackend

  constructor(backend: PersistenceBackend) {
    this.#backend = backend
  }

  async open(scope: string): Promise<ObjectStore> {
    const store = await this.#backend.open(scope)
    const count = (written: Promise<ETag>, bytes: Uint8Array) => {
      this.bytes += bytes.length
      return written
    }
    return {
      get: (path) => store.get(path),
      list: (prefix) => store.list(prefix),
      delete: (paths) => store.delete(paths),
      close: () => store.close(),
      put: (path, bytes) => count(store.put(path, bytes), bytes),
      putIf: (path, bytes, expected) => count(store.putIf(path, bytes, expected), bytes),
    }
  }

  read(scope: string): ReturnType<PersistenceBackend['read']> {
    return this.#backend.read(scope)
  }

  close(): Promise<void> {
    return this.#backend.close()
  }
}
