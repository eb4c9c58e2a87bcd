export type ETag = string

export interface ReadableObjectStore {
  get(path: string): Promise<{ readonly bytes: Uint8Array; readonly etag: ETag } | undefined>
  /** Paths under `prefix`, in byte order. */
  list(prefix: string): AsyncIterable<string>
  close(): Promise<void>
}

export interface ObjectStore extends ReadableObjectStore {
  /** Durable once resolved. */
  put(path: string, bytes: Uint8Array): Promise<ETag>
  /** Compare-and-set. Rejects with `ERR_STORE_CONFLICT`, having changed nothing, if the object is not as expected. */
  putIf(path: string, bytes: Uint8Array, expected: ETag | 'absent'): Promise<ETag>
  delete(paths: readonly string[]): Promise<void>
}

/** Durable storage. Every worker writes its own scope; anyone may read any scope. */
export interface PersistenceBackend {
  open(scope: string): Promise<ObjectStore>
  read(scope: string): Promise<ReadableObjectStore>
  close(): Promise<void>
}
