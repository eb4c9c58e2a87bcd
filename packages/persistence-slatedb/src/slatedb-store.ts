import type { ETag, ObjectStore } from '@malstrom/core'
import { checkPath } from './path.ts'
import type { ProcessLink } from './process-link.ts'
import { closedError } from './slatedb-error.ts'

/** One scope: the objects of a database that the process of the databases has open. */
export class SlateDbStore implements ObjectStore {
  readonly #link: ProcessLink
  readonly #scope: string
  readonly #store: number
  #closed = false

  constructor(link: ProcessLink, scope: string, store: number) {
    this.#link = link
    this.#scope = scope
    this.#store = store
  }

  async get(path: string): Promise<{ readonly bytes: Uint8Array; readonly etag: ETag } | undefined> {
    this.#check(path)
    return this.#link.call(`read "${path}" of "${this.#scope}"`, { operation: 'get', store: this.#store, path })
  }

  put(path: string, bytes: Uint8Array): Promise<ETag> {
    return this.#write(path, bytes, undefined)
  }

  putIf(path: string, bytes: Uint8Array, expected: ETag | 'absent'): Promise<ETag> {
    return this.#write(path, bytes, expected)
  }

  async *list(prefix: string): AsyncIterable<string> {
    let after: string | undefined
    for (;;) {
      this.#check(undefined)
      const page = await this.#link.call(`list "${this.#scope}"`, { operation: 'list', store: this.#store, prefix, after })
      yield* page.paths
      if (!page.more) return
      after = page.paths.at(-1)
    }
  }

  async delete(paths: readonly string[]): Promise<void> {
    this.#check(undefined)
    for (const path of paths) checkPath(path)
    if (paths.length === 0) return
    await this.#link.call(`delete ${paths.length} objects of "${this.#scope}"`, { operation: 'delete', store: this.#store, paths })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    if (this.#link.hasFailed) return
    await this.#link.call(`close "${this.#scope}"`, { operation: 'close', store: this.#store })
  }

  async #write(path: string, bytes: Uint8Array, expected: ETag | 'absent' | undefined): Promise<ETag> {
    this.#check(path)
    const call = { operation: 'write' as const, store: this.#store, path, bytes, expected }
    return this.#link.call(`write "${path}" of "${this.#scope}"`, call)
  }

  #check(path: string | undefined): void {
    if (this.#closed) throw closedError(this.#scope)
    if (path !== undefined) checkPath(path)
  }
}
