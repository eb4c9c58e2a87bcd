/** What the process of the databases is asked; `store` is what `open` or `read` has answered. */
export type Call =
  | { readonly operation: 'open' | 'read'; readonly scope: string }
  | { readonly operation: 'get'; readonly store: number; readonly path: string }
  | {
      readonly operation: 'write'
      readonly store: number
      readonly path: string
      readonly bytes: Uint8Array
      readonly expected: string | undefined
    }
  | { readonly operation: 'list'; readonly store: number; readonly prefix: string; readonly after: string | undefined }
  | { readonly operation: 'delete'; readonly store: number; readonly paths: readonly string[] }
  | { readonly operation: 'close'; readonly store: number }
  /** Closes every database; the process ends. */
  | { readonly operation: 'end' }

export interface StoredObject {
  readonly bytes: Uint8Array
  readonly etag: string
}

/** A part of a listing; `more`: ask again, after the last path. */
export interface Page {
  readonly paths: readonly string[]
  readonly more: boolean
}

/** What each operation answers. */
export interface Answers {
  readonly open: number
  readonly read: number
  readonly get: StoredObject | undefined
  readonly write: string
  readonly list: Page
  readonly delete: undefined
  readonly close: undefined
  readonly end: undefined
}

/** An error of the process, as data. */
export interface Failure {
  /** `Closed`, `Conflict`, `Corrupt`, `Directory`, `Binding` (it cannot be loaded), or the kind that SlateDB gives its errors. */
  readonly kind: string
  /** Why a database is closed: `Fenced`, `Clean` and others. */
  readonly reason?: string
  readonly message: string
}

export interface Request {
  readonly id: number
  readonly call: Call
}

/** The answer to a request, or without an id that the process cannot start. */
export type Reply =
  | { readonly id: number; readonly value: Answers[keyof Answers] }
  | { readonly id: number; readonly failure: Failure }
  | { readonly id: undefined; readonly failure: Failure }

/** What the process is started with. */
export interface ProcessOptions {
  readonly url: string
  readonly flushIntervalMs: number
  readonly refreshIntervalMs: number
  /** The name of SlateDB's package. */
  readonly binding: string
}
