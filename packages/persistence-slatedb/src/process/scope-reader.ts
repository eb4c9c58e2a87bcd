import type * as Binding from '@slatedb/uniffi'
import type { Page, StoredObject } from './messages.ts'
import { readObject, readPage } from './read-object.ts'

/** How long SlateDB keeps what a reader sees, if the reader dies. */
const CHECKPOINT_LIFETIME_MS = 600_000

/** A view of the database at a time, or of nothing: nobody has written to the scope yet. */
interface View {
  readonly reader: Binding.DbReader | undefined
  readonly openedAtMs: number
  users: number
  replaced: boolean
}

/**
 * The database of a scope, for reading, whoever writes it. A reader of SlateDB follows the writer in intervals; what is not found, and
 * every listing, is looked up in a view that is opened after the question was asked. So whatever was durable before is found;
 * only an object that was replaced may come in the form that it had one interval ago.
 */
export class ScopeReader {
  readonly #open: () => Promise<Binding.DbReader | undefined>
  #view: View | undefined
  #opening: Promise<void> | undefined
  #closed = false

  constructor(binding: typeof Binding, store: Binding.ObjectStore, path: string, refreshIntervalMs: number) {
    this.#open = () => openReader(binding, store, path, refreshIntervalMs)
  }

  async get(path: string): Promise<StoredObject | undefined> {
    const askedAtMs = performance.now()
    const found = await this.#read(Number.NEGATIVE_INFINITY, (reader) => readObject(reader, path))
    return found ?? (await this.#read(askedAtMs, (reader) => readObject(reader, path)))
  }

  async list(prefix: string, after: string | undefined): Promise<Page> {
    const sinceMs = after === undefined ? performance.now() : Number.NEGATIVE_INFINITY
    return (await this.#read(sinceMs, (reader) => readPage(reader, prefix, after))) ?? { paths: [], more: false }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#opening?.catch(() => {}) // Whoever waits for it hears of its failure.
    const view = this.#view
    this.#view = undefined
    if (view !== undefined) await this.#retire(view)
  }

  /** Reads in a view that was opened at `sinceMs` or later; `undefined` without a database. */
  async #read<T>(sinceMs: number, run: (reader: Binding.DbReader) => Promise<T>): Promise<T | undefined> {
    while (this.#view === undefined || this.#view.openedAtMs < sinceMs) {
      this.#opening ??= this.#renew().finally(() => {
        this.#opening = undefined
      })
      await this.#opening
      if (this.#closed) return undefined
    }
    const view = this.#view
    if (view.reader === undefined) return undefined
    view.users++
    try {
      return await run(view.reader)
    } finally {
      view.users--
      if (view.replaced) await this.#retire(view)
    }
  }

  async #renew(): Promise<void> {
    const openedAtMs = performance.now()
    const before = this.#view
    this.#view = { reader: await this.#open(), openedAtMs, users: 0, replaced: false }
    if (before !== undefined) await this.#retire(before)
  }

  /** Closes a view as soon as nobody reads in it. */
  async #retire(view: View): Promise<void> {
    view.replaced = true
    if (view.users > 0 || view.reader === undefined) return
    await view.reader.shutdown()
    view.reader.dispose()
  }
}

async function openReader(
  binding: typeof Binding,
  store: Binding.ObjectStore,
  path: string,
  refreshIntervalMs: number,
): Promise<Binding.DbReader | undefined> {
  const builder = new binding.DbReaderBuilder(path, store)
  try {
    builder.with_options({
      manifest_poll_interval_ms: refreshIntervalMs,
      checkpoint_lifetime_ms: CHECKPOINT_LIFETIME_MS,
      max_memtable_bytes: 1 << 26,
      skip_wal_replay: false,
    })
    return await builder.build()
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  } finally {
    builder.dispose()
  }
}

/** SlateDB has no code for a database that does not exist; this is what it says. */
function isAbsent(error: unknown): boolean {
  const { tag, message } = error as { readonly tag?: string; readonly message?: string }
  return tag === 'Data' && message?.includes('failed to find latest transactional object') === true
}
