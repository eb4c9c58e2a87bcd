/** Names one write of one object. No two writes of a path have the same, also if they wrote the same content. Compare only for equality. */
export type ETag = string

/**
 * The objects of one scope, for reading.
 *
 * A **path** has parts with `/` between them, such as `snapshots/1-7`. A part has at least one character and is neither `.` nor `..`; no
 * other character is special, and upper and lower case differ. Unpaired surrogates are refused, because they have no bytes. Every store
 * takes paths of 512 bytes in UTF-8 whose parts have up to 80; what is longer it may refuse. An object `a` and an object `a/b` can exist
 * at the same time.
 *
 * An object is always seen whole: as one write left it, never half of it, and never missing while it is replaced. A store sees its own
 * writes as soon as they have resolved, in `get` and in `list`; and whatever, written by anybody, resolved before the store was opened.
 *
 * Everything here rejects with a `MalstromError`: `ERR_STORE` if the store fails or a path is none, `ERR_STORE_CLOSED` after `close`.
 */
export interface ReadableObjectStore {
  /** The object, or `undefined` if there is none. The bytes belong to the caller: changing them changes nothing that is stored. */
  get(path: string): Promise<{ readonly bytes: Uint8Array; readonly etag: ETag } | undefined>
  /**
   * Paths that start with `prefix`, in the order of their UTF-8 bytes. A prefix need not end at a part, and is not checked: what no path
   * starts with gives nothing. An object that is put or deleted while the list is read may be in it or not; all others are, once.
   */
  list(prefix: string): AsyncIterable<string>
  /** Whatever is under way may still take effect. May be called twice. */
  close(): Promise<void>
}

/**
 * The objects of one scope, also for writing.
 *
 * A write that rejects tells by its `outcome` what is known: `'failed'` is certain to have changed nothing, and never will; after
 * `'unknown'`, a time-out for example, it may have happened, or may yet happen. Who must know reads the object. There may be any number of calls at a
 * time; those for the same path are not ordered, unless one was made after the other had resolved.
 *
 * Besides those of reading: `ERR_STORE_CONFLICT` from `putIf`, and `ERR_FENCED` from a store that allows one writer per scope, once
 * somebody else has opened the scope for writing.
 */
export interface ObjectStore extends ReadableObjectStore {
  /**
   * Writes an object, whatever was there. Durable once resolved: it survives the death of the process and, unless the store is only
   * memory, of the machine. The caller leaves the bytes alone until then; afterwards changing them changes nothing that is stored.
   */
  put(path: string, bytes: Uint8Array): Promise<ETag>
  /**
   * Compare-and-set: writes like `put`, but only over the write that is called `expected`, or only where there is no object. Rejects with
   * `ERR_STORE_CONFLICT`, having changed nothing, if the object is not as expected. Of any number of writers that expect the same, in any
   * number of processes, at most one succeeds, and exactly one if none of them fails in another way. A store that repeats requests by
   * itself must not answer with a conflict that its own first attempt has caused.
   */
  putIf(path: string, bytes: Uint8Array, expected: ETag | 'absent'): Promise<ETag>
  /**
   * Deletes objects, any number of them; ignores paths where nothing is. If it rejects, some may be deleted and others not. Not for a path
   * that somebody may be writing at the same time: which of the two comes last is open.
   */
  delete(paths: readonly string[]): Promise<void>
}

/**
 * Durable storage. Every worker writes its own scope; anyone may read any scope. A scope is one part of a path. It is there once something is
 * written to it; before, it is empty. Scopes do not see each other's objects.
 */
export interface PersistenceBackend {
  /** Only this thread sees what is stored, so a job with workers in others cannot use it. @default false */
  readonly onlyHere?: boolean
  /**
   * Opens a scope for writing. May be called again for the same scope, by this process or another one: then either both can write, and
   * `putIf` decides between them, or the later one has taken over and the earlier one can no longer write.
   */
  open(scope: string): Promise<ObjectStore>
  /** Opens a scope for reading, also while somebody writes it. Changes nothing. */
  read(scope: string): Promise<ReadableObjectStore>
  /** Lets go of connections and processes; the stores that were opened can no longer be relied on. May be called twice. */
  close(): Promise<void>
}
