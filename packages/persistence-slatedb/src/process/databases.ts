import { accessSync, constants, mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type * as Binding from '@slatedb/uniffi'
import { ProcessError } from './failure.ts'
import type { Answers, Call, ProcessOptions } from './messages.ts'
import { ScopeReader } from './scope-reader.ts'
import { ScopeWriter } from './scope-writer.ts'

/** Bytes that are not yet in the object store; a writer that is faster than the store waits. */
const UNFLUSHED_BYTES_MAX = 256 << 20

interface OpenScope {
  readonly writer: Promise<ScopeWriter>
  users: number
}

/** A store that was opened: for writing, or for reading only. */
type Handle = { readonly scope: string; readonly open: OpenScope } | { readonly scope: string; readonly reader: ScopeReader }

/** The databases of a backend, one for each scope, each opened once. */
export class Databases {
  readonly #binding: typeof Binding
  readonly #options: ProcessOptions
  readonly #store: Binding.ObjectStore
  readonly #scopes = new Map<string, OpenScope>()
  readonly #handles = new Map<number, Handle>()
  #lastHandle = 0

  /** @throws ProcessError `Directory`; what SlateDB says of an address that is none */
  constructor(binding: typeof Binding, options: ProcessOptions) {
    this.#binding = binding
    this.#options = options
    // SlateDB would wait for a directory that it may not write to.
    if (options.url.startsWith('file:')) prepareDirectory(fileURLToPath(options.url))
    this.#store = binding.ObjectStore.resolve(options.url)
  }

  run(call: Call): Promise<Answers[keyof Answers]> {
    switch (call.operation) {
      case 'open':
        return this.#open(call.scope)
      case 'read':
        return this.#read(call.scope)
      case 'get':
        return this.#readable(call.store, (scope) => scope.get(call.path))
      case 'list':
        return this.#readable(call.store, (scope) => scope.list(call.prefix, call.after))
      case 'write':
        return this.#writer(call.store).then((writer) => writer.write(call.path, call.bytes, call.expected))
      case 'delete':
        return this.#writer(call.store).then((writer) => writer.delete(call.paths) as Promise<undefined>)
      case 'close':
        return this.#close(call.store)
      case 'end':
        return this.#end()
    }
  }

  async #open(scope: string): Promise<number> {
    for (;;) {
      const open = this.#scopes.get(scope) ?? { writer: this.#build(scope), users: 0 }
      this.#scopes.set(scope, open)
      open.users++
      try {
        const writer = await open.writer
        if (writer.isOpen) return this.#handle({ scope, open })
        // Somebody else has taken over: it is taken back.
        this.#forget(scope, open)
      } catch (error) {
        this.#forget(scope, open)
        throw error
      }
    }
  }

  #forget(scope: string, open: OpenScope): void {
    if (this.#scopes.get(scope) === open) this.#scopes.delete(scope)
  }

  async #read(scope: string): Promise<number> {
    const reader = new ScopeReader(this.#binding, this.#store, databasePath(scope), this.#options.refreshIntervalMs)
    return this.#handle({ scope, reader })
  }

  async #build(scope: string): Promise<ScopeWriter> {
    const settings = this.#binding.Settings.default()
    settings.set('flush_interval', `"${this.#options.flushIntervalMs}ms"`)
    settings.set('max_unflushed_bytes', `${UNFLUSHED_BYTES_MAX}`)
    const builder = new this.#binding.DbBuilder(databasePath(scope), this.#store)
    try {
      builder.with_settings(settings)
      return new ScopeWriter(this.#binding, await builder.build())
    } finally {
      builder.dispose()
      settings.dispose()
    }
  }

  #handle(handle: Handle): number {
    this.#handles.set(++this.#lastHandle, handle)
    return this.#lastHandle
  }

  /** Reads from the writer of the scope if it is in this process: it knows most. */
  async #readable<T>(store: number, run: (scope: ScopeReader | ScopeWriter) => Promise<T>): Promise<T> {
    const handle = this.#handleOf(store)
    if ('open' in handle) return run(await handle.open.writer)
    const open = this.#scopes.get(handle.scope)
    if (open === undefined) return run(handle.reader)
    try {
      return await run(await open.writer)
    } catch (error) {
      // Somebody else has taken over just now.
      if (error instanceof this.#binding.ErrorClosed) return run(handle.reader)
      throw error
    }
  }

  async #writer(store: number): Promise<ScopeWriter> {
    const handle = this.#handleOf(store)
    if (!('open' in handle)) throw new ProcessError('Directory', 'A store that is open for reading was written to.')
    return handle.open.writer
  }

  async #close(store: number): Promise<undefined> {
    const handle = this.#handles.get(store)
    this.#handles.delete(store)
    if (handle === undefined) return
    if ('reader' in handle) return handle.reader.close() as Promise<undefined>
    if (--handle.open.users > 0) return
    this.#forget(handle.scope, handle.open)
    await (await handle.open.writer).close()
  }

  async #end(): Promise<undefined> {
    await Promise.all([...this.#handles.keys()].map((store) => this.#close(store)))
    this.#store.dispose()
  }

  #handleOf(store: number): Handle {
    const handle = this.#handles.get(store)
    if (handle === undefined) throw new ProcessError('Closed', 'The store is closed.')
    return handle
  }
}

/** The folder of the database of a scope: letters, digits, `-`, `_` and `.` stay, other bytes become `=xx`, which no store changes. */
function databasePath(scope: string): string {
  const characters = [...Buffer.from(scope)].map((byte) => {
    const character = String.fromCharCode(byte)
    return /[\w.-]/.test(character) ? character : `=${byte.toString(16).padStart(2, '0')}`
  })
  return characters.join('')
}

function prepareDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true })
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new ProcessError('Directory', code ?? message)
  }
}
