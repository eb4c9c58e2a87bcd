import { isDeepStrictEqual } from 'node:util'
import { MalstromError, type ObjectStore, type PersistenceBackend, type ReadableObjectStore } from '@malstrom/core'
import { must } from './law.ts'
import type { StoreSuiteOptions } from './store-suite-options.ts'

/** Opens backends and scopes for a check, and closes them after it. */
export class StoreBench {
  readonly #options: StoreSuiteOptions
  readonly #toClose: { close(): Promise<void> }[] = []

  constructor(options: StoreSuiteOptions) {
    this.#options = options
  }

  async create(): Promise<PersistenceBackend> {
    return this.#closedLater(await this.#options.create())
  }

  /** Another backend on the same place. */
  async reopen(backend: PersistenceBackend): Promise<PersistenceBackend> {
    must(this.#options.reopen !== undefined, 'There is no `reopen`.')
    return this.#closedLater(await this.#options.reopen(backend))
  }

  async open(backend: PersistenceBackend, scope = 'scope'): Promise<ObjectStore> {
    return this.#closedLater(await backend.open(scope))
  }

  async read(backend: PersistenceBackend, scope = 'scope'): Promise<ReadableObjectStore> {
    return this.#closedLater(await backend.read(scope))
  }

  async close(): Promise<void> {
    // Stores before the backend that opened them.
    for (const open of this.#toClose.splice(0).reverse()) await open.close()
  }

  #closedLater<C extends { close(): Promise<void> }>(open: C): C {
    this.#toClose.push(open)
    return open
  }
}

/** Runs `use` with a bench, and closes what it opened, also if it throws. */
export async function withStores(options: StoreSuiteOptions, use: (bench: StoreBench) => Promise<void>): Promise<void> {
  const bench = new StoreBench(options)
  try {
    await use(bench)
  } catch (error) {
    // What is broken may also fail to close; the first error tells more.
    await bench.close().catch(() => {})
    throw error
  }
  await bench.close()
}

/** Throws unless the operation rejects with a `MalstromError` of this code. */
export async function mustReject(what: string, code: string, operation: () => Promise<unknown>): Promise<void> {
  try {
    await operation()
  } catch (error) {
    must(error instanceof MalstromError && error.code === code, `${what} must be refused with ${code}, not with ${String(error)}`)
    must(error.outcome === 'failed', `${what} was refused, and yet its outcome is "${error.outcome}"`)
    return
  }
  throw new Error(`${what} must be refused with ${code}, and was not.`)
}

export async function mustConflict(what: string, operation: () => Promise<unknown>): Promise<void> {
  await mustReject(what, 'ERR_STORE_CONFLICT', operation)
}

/** Throws unless `paths` are what the store lists under `prefix`. */
export async function mustList(store: ReadableObjectStore, prefix: string, paths: readonly string[]): Promise<void> {
  const listed = await listOf(store, prefix)
  const shown = listed.length > 12 ? `${listed.length} paths` : JSON.stringify(listed)
  must(isDeepStrictEqual(listed, paths), `list(${JSON.stringify(prefix)}) gave ${shown}`)
}

export async function listOf(store: ReadableObjectStore, prefix: string): Promise<string[]> {
  const listed: string[] = []
  for await (const path of store.list(prefix)) listed.push(path)
  return listed
}

/** Throws unless this text is the content of the object; `undefined` means that there is none. */
export async function mustHold(store: ReadableObjectStore, path: string, text: string | undefined, message: string): Promise<void> {
  const object = await store.get(path)
  const found = object === undefined ? undefined : new TextDecoder().decode(object.bytes)
  must(found === text, `${message}: "${path}" is ${JSON.stringify(found)}, not ${JSON.stringify(text)}`)
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export function byteOrder(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
