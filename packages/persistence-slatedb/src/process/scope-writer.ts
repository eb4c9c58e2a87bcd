import type * as Binding from '@slatedb/uniffi'
import { ProcessError } from './failure.ts'
import type { Page, StoredObject } from './messages.ts'
import { chunkKeys, chunksOf, decodeHeader, encodeHeader, headerKey, newHeader, type ObjectHeader } from './object-header.ts'
import { readObject, readPage } from './read-object.ts'

/** Objects that one transaction deletes. */
const DELETED_AT_ONCE = 100

const ATTEMPTS_MAX = 1_000

/**
 * The database of a scope, open for writing. Every write is a transaction that reads what is there: of two that overlap one fails and
 * starts again. The log of the database has one writer: another process that opens it fences this one, and nothing this one
 * writes after that counts.
 */
export class ScopeWriter {
  readonly #binding: typeof Binding
  readonly #database: Binding.Db

  constructor(binding: typeof Binding, database: Binding.Db) {
    this.#binding = binding
    this.#database = database
  }

  /** Whether it can still be used, as far as is known here. */
  get isOpen(): boolean {
    return this.#database.status().close_reason === undefined
  }

  get(path: string): Promise<StoredObject | undefined> {
    return readObject(this.#database, path)
  }

  list(prefix: string, after: string | undefined): Promise<Page> {
    return readPage(this.#database, prefix, after)
  }

  /** Writes an object; with `expected` only over that one, or over none (`absent`). */
  async write(path: string, bytes: Uint8Array, expected: string | undefined): Promise<string> {
    const header = newHeader(bytes)
    const keys = chunkKeys(header)
    const chunks = header.inline === undefined ? chunksOf(bytes) : []
    await this.#transaction(async (transaction) => {
      const current = await headerIn(transaction, path)
      if (expected !== undefined && (current?.token ?? 'absent') !== expected) throw new ProcessError('Conflict', path)
      if (current !== undefined) for (const key of chunkKeys(current)) await transaction.delete(key)
      for (let index = 0; index < keys.length; index++) await transaction.put(keys[index] as Uint8Array, chunks[index] as Uint8Array)
      await transaction.put(headerKey(path), encodeHeader(header))
    })
    return header.token
  }

  async delete(paths: readonly string[]): Promise<void> {
    for (let start = 0; start < paths.length; start += DELETED_AT_ONCE) {
      await this.#transaction(async (transaction) => {
        for (const path of paths.slice(start, start + DELETED_AT_ONCE)) {
          const current = await headerIn(transaction, path)
          if (current === undefined) continue
          for (const key of chunkKeys(current)) await transaction.delete(key)
          await transaction.delete(headerKey(path))
        }
      })
    }
  }

  async close(): Promise<void> {
    try {
      await this.#database.shutdown()
    } catch (error) {
      // Closed by itself, or by whoever has taken over: there is nothing left to close.
      if (!(error instanceof this.#binding.ErrorClosed)) throw error
    }
  }

  /** Durable when it resolves. */
  async #transaction(run: (transaction: Binding.DbTransaction) => Promise<void>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const transaction = await this.#database.begin('SerializableSnapshot')
      try {
        await run(transaction)
        await transaction.commit()
        return
      } catch (error) {
        if (error instanceof ProcessError) await transaction.rollback()
        if (!(error instanceof this.#binding.ErrorTransaction) || attempt >= ATTEMPTS_MAX) throw error
      } finally {
        transaction.dispose()
      }
    }
  }
}

async function headerIn(transaction: Binding.DbTransaction, path: string): Promise<ObjectHeader | undefined> {
  const value = await transaction.get(headerKey(path))
  return value === undefined ? undefined : decodeHeader(path, value)
}
