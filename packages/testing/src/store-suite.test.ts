import { MalstromError, type ObjectStore } from '@malstrom/core'
import { memoryPersistence } from '@malstrom/persistence'
import { describe, expect, it } from 'vitest'
import { type BackendPlant, everywhere, inStores, keepsFiles, plantedOptions } from './fixtures/planted-store.ts'
import { brokenLaws } from './law.ts'
import { storeLawsOf } from './store-laws.ts'
import { objectStoreSuite } from './store-suite.ts'

objectStoreSuite('a store in memory', { create: memoryPersistence })
objectStoreSuite(
  'a store in memory that others see',
  plantedOptions(() => ({})),
)
objectStoreSuite('a store with one writer', { ...plantedOptions(takesOver()), exclusive: true })
objectStoreSuite('a store of files', { ...plantedOptions(inStores(keepsFiles)), nested: false })

const ROUND_TRIP = 'what was put can be read, whatever its size'
const MISSING = 'what was never put is undefined'
const REPLACED = 'a second put replaces the first, and has another ETag'
const OWNED = 'bytes belong to the caller before and after'
const WHOLE = 'whoever reads an object while it is replaced sees the whole of one write'
const DELETED = 'delete takes away what there is, and does not mind the rest'
const CONDITION = 'putIf writes only what is as expected, and changes nothing otherwise'
const SAME_CONTENT = 'putIf does not mistake a write for another one with the same content'
const ONE_WINNER = 'of several writers that expect the same, exactly one succeeds'
const LISTED = 'list gives the paths under a prefix, in byte order'
const LISTED_MANY = 'list gives everything, also if there is much'
const DELETED_MANY = 'delete takes away much at once'
const CHARACTERS = 'a path may have any characters'
const NO_PATH = 'what is no path is refused'
const SCOPES = 'scopes do not see each other, and one that was never written is empty'
const READ = 'read sees what has been written'
const NO_SCOPE = 'what is no scope is refused'
const CLOSED = 'a store that is closed says so'
const LATER = 'what was put is there for whoever opens the place later'
const CRASHED = 'what was put is there also if nobody closed anything'
const READ_ELSEWHERE = 'another backend reads what has been written'
const EXCLUDED = 'a later writer excludes an earlier one'
const TOGETHER = 'two backends write together: each sees the other at once, and putIf decides between them'

const turn = () => new Promise((resolve) => setImmediate(resolve))
const contentTag = (bytes: Uint8Array) => `content ${Buffer.from(bytes).toString('base64')}`

/** The ETag is the content, as that of S3 is its hash. */
function tagsByContent(store: ObjectStore): Partial<ObjectStore> {
  return {
    async get(path) {
      const object = await store.get(path)
      return object && { bytes: object.bytes, etag: contentTag(object.bytes) }
    },
    async put(path, bytes) {
      await store.put(path, bytes)
      return contentTag(bytes)
    },
    async putIf(path, bytes, expected) {
      const object = await store.get(path)
      const isExpected = object === undefined ? expected === 'absent' : contentTag(object.bytes) === expected
      await store.putIf(path, bytes, isExpected ? (object?.etag ?? 'absent') : 'never')
      return contentTag(bytes)
    },
  }
}

function checksAndThenWrites(store: ObjectStore): Partial<ObjectStore> {
  return {
    async putIf(path, bytes, expected) {
      if (((await store.get(path))?.etag ?? 'absent') !== expected) return store.putIf(path, bytes, 'never')
      await turn()
      return store.put(path, bytes)
    },
  }
}

/** Objects under other paths than asked for. */
function underOtherPaths(store: ObjectStore, change: (path: string) => string): Partial<ObjectStore> {
  return {
    get: async (path) => store.get(change(path)),
    put: async (path, bytes) => store.put(change(path), bytes),
    putIf: async (path, bytes, expected) => store.putIf(change(path), bytes, expected),
    delete: async (paths) => store.delete(paths.map(change)),
  }
}

async function* changedList(store: ObjectStore, prefix: string, change: (paths: string[]) => string[]): AsyncIterable<string> {
  const paths: string[] = []
  for await (const path of store.list(prefix)) paths.push(path)
  yield* change(paths)
}

/** Keeps the array itself, of what is put and of what is read. */
function keepsArrays(store: ObjectStore, isOneToKeep: 'put' | 'get'): Partial<ObjectStore> {
  const arrays = new Map<string, Uint8Array>()
  return {
    async put(path, bytes) {
      arrays.set(path, isOneToKeep === 'put' ? bytes : bytes.slice())
      return store.put(path, bytes)
    },
    async get(path) {
      const object = await store.get(path)
      const bytes = arrays.get(path)
      return object && bytes ? { etag: object.etag, bytes: isOneToKeep === 'put' ? bytes.slice() : bytes } : object
    },
  }
}

/** A backend that knows only what itself has written. */
function cachesForItself(): BackendPlant {
  return (backend) => {
    const known = new Map<string, Awaited<ReturnType<ObjectStore['get']>>>()
    return inStores((store) => ({
      async get(path) {
        if (!known.has(path)) known.set(path, await store.get(path))
        return known.get(path)
      },
      async put(path, bytes) {
        const etag = await store.put(path, bytes)
        known.set(path, { bytes: bytes.slice(), etag })
        return etag
      },
    }))(backend)
  }
}

/** A later `open` of a scope, from whichever backend, takes it from the earlier one. */
function takesOver(): BackendPlant {
  const writers = new WeakMap<object, Map<string, object>>()
  return (backend) => {
    const writerOf = writers.get(backend) ?? new Map<string, object>()
    writers.set(backend, writerOf)
    const writer = {}
    return inStores((store, scope) => {
      writerOf.set(scope, writer)
      const fence = () => {
        if (writerOf.get(scope) !== writer) throw new MalstromError('ERR_FENCED', `Somebody else writes "${scope}" now.`)
      }
      return {
        async put(path, bytes) {
          fence()
          return store.put(path, bytes)
        },
        async putIf(path, bytes, expected) {
          fence()
          return store.putIf(path, bytes, expected)
        },
      }
    })(backend)
  }
}

const planted: [bug: string, broken: string, plant: BackendPlant][] = [
  ['cuts off what is large', ROUND_TRIP, inStores((store) => ({ put: (path, bytes) => store.put(path, bytes.subarray(0, 1_000_000)) }))],
  ['takes what is empty for nothing', ROUND_TRIP, inStores(losesEmpty)],
  ['gives an empty object where nothing is', MISSING, inStores(neverAbsent)],
  ['has the same ETag for the same content', REPLACED, inStores(tagsByContent)],
  [
    'never replaces',
    REPLACED,
    inStores((store) => ({ put: async (path, bytes) => (await store.get(path))?.etag ?? store.put(path, bytes) })),
  ],
  ['keeps the array that it is given', OWNED, inStores((store) => keepsArrays(store, 'put'))],
  ['hands out the array that it keeps', OWNED, inStores((store) => keepsArrays(store, 'get'))],
  ['deletes before it writes', WHOLE, inStores(deletesFirst)],
  ['writes in two halves', WHOLE, inStores(writesHalves)],
  ['deletes what begins with the path', DELETED, inStores(deletesByPrefix)],
  ['fails to delete what is not there', DELETED, inStores(failsToDeleteNothing)],
  ['starts its ETags again after a delete', DELETED, inStores(tagsByContent)],
  ['ignores conditions', CONDITION, inStores((store) => ({ putIf: (path, bytes) => store.put(path, bytes) }))],
  ['writes where nothing is, whatever is expected', CONDITION, inStores(writesWhereNothingIs)],
  [
    'says nothing about conflicts',
    CONDITION,
    inStores((store) => ({ putIf: (...write) => store.putIf(...write).catch(() => 'conflict') })),
  ],
  ['compares content instead of writes', SAME_CONTENT, inStores(tagsByContent)],
  ['checks conditions, and then writes without them', ONE_WINNER, inStores(checksAndThenWrites)],
  [
    'lists in the order of UTF-16',
    LISTED,
    everywhere((store) => ({ list: (prefix) => changedList(store, prefix, (paths) => paths.sort()) })),
  ],
  ['takes prefixes for folders', LISTED, everywhere(listsFolders)],
  ['lists a thousand paths at most', LISTED_MANY, everywhere((store) => ({ list: (prefix) => changedList(store, prefix, firstThousand) }))],
  ['deletes a thousand paths at most', DELETED_MANY, inStores((store) => ({ delete: (paths) => store.delete(firstThousand(paths)) }))],
  ['does not tell upper from lower case', CHARACTERS, inStores((store) => underOtherPaths(store, (path) => path.toLowerCase()))],
  ['composes characters', CHARACTERS, inStores((store) => underOtherPaths(store, (path) => path.normalize()))],
  ['decodes paths', CHARACTERS, inStores((store) => underOtherPaths(store, (path) => path.replace(/%2F/gi, '/')))],
  ['follows ..', NO_PATH, inStores((store) => underOtherPaths(store, (path) => path.replace(/[^/]+\/\.\.\//g, '').replace('./', '')))],
  [
    'repairs what is half a character',
    NO_PATH,
    inStores((store) => underOtherPaths(store, (path) => path.replace(/\p{Surrogate}/gu, '\ufffd'))),
  ],
  ['has one scope for all', SCOPES, (backend) => ({ open: () => backend.open('all'), read: () => backend.read('all') })],
  ['reads what was there when it was made', READ, (backend) => ({ read: () => backend.read('somewhere else') })],
  ['takes any scope', NO_SCOPE, (backend) => ({ open: (scope) => backend.open(encodeURIComponent(`s${scope}`)) })],
  ['stays open', CLOSED, inStores(() => ({ close: async () => {} }))],
  ['forgets everything when it is closed', LATER, inStores(forgetsOnClose)],
  ['writes when it is closed', CRASHED, delaysUntilClose()],
  ['reads nothing that others have written', READ_ELSEWHERE, readsOnlyOwn()],
  ['lets zombies write', EXCLUDED, inStores((store) => ({ putIf: (path, bytes) => store.put(path, bytes) }))],
  ['caches what others change', TOGETHER, cachesForItself()],
  ['checks conditions within one backend only', TOGETHER, inStores(checksAndThenWrites)],
]

function firstThousand<T>(paths: readonly T[]): T[] {
  return paths.slice(0, 1_000)
}

function losesEmpty(store: ObjectStore): Partial<ObjectStore> {
  return {
    async get(path) {
      const object = await store.get(path)
      return object?.bytes.length === 0 ? undefined : object
    },
  }
}

function neverAbsent(store: ObjectStore): Partial<ObjectStore> {
  return { get: async (path) => (await store.get(path)) ?? { bytes: new Uint8Array(), etag: 'none' } }
}

function deletesFirst(store: ObjectStore): Partial<ObjectStore> {
  return {
    async put(path, bytes) {
      await store.delete([path])
      await turn()
      return store.put(path, bytes)
    },
  }
}

function writesHalves(store: ObjectStore): Partial<ObjectStore> {
  return {
    async put(path, bytes) {
      await store.put(path, bytes.subarray(0, bytes.length / 2))
      await turn()
      return store.put(path, bytes)
    },
  }
}

function deletesByPrefix(store: ObjectStore): Partial<ObjectStore> {
  return {
    async delete(paths) {
      for (const path of paths) for await (const found of store.list(path)) await store.delete([found])
    },
  }
}

function failsToDeleteNothing(store: ObjectStore): Partial<ObjectStore> {
  return {
    async delete(paths) {
      for (const path of paths) if ((await store.get(path)) === undefined) throw new Error('There is nothing.')
      await store.delete(paths)
    },
  }
}

function writesWhereNothingIs(store: ObjectStore): Partial<ObjectStore> {
  return { putIf: async (path, bytes, expected) => store.putIf(path, bytes, (await store.get(path)) === undefined ? 'absent' : expected) }
}

function listsFolders(store: ObjectStore): Partial<ObjectStore> {
  const isInFolder = (prefix: string) => (path: string) => prefix === '' || path.startsWith(prefix.replace(/\/?$/, '/'))
  return { list: (prefix) => changedList(store, prefix, (paths) => paths.filter(isInFolder(prefix))) }
}

function forgetsOnClose(store: ObjectStore): Partial<ObjectStore> {
  return {
    async close() {
      const paths: string[] = []
      for await (const path of store.list('')) paths.push(path)
      await store.delete(paths)
      await store.close()
    },
  }
}

/** Every backend has a place of its own; what is in it goes to the shared one when a store is closed. */
function delaysUntilClose(): BackendPlant {
  return (backend) => {
    const own = memoryPersistence()
    return {
      async open(scope) {
        const [store, shared] = [await own.open(scope), await backend.open(scope)]
        return {
          get: (path) => store.get(path),
          put: (path, bytes) => store.put(path, bytes),
          putIf: (path, bytes, expected) => store.putIf(path, bytes, expected),
          list: (prefix) => store.list(prefix),
          delete: (paths) => store.delete(paths),
          async close() {
            for await (const path of store.list('')) await shared.put(path, (await store.get(path))?.bytes ?? new Uint8Array())
            await store.close()
          },
        }
      },
    }
  }
}

/** Reads from a place of its own. */
function readsOnlyOwn(): BackendPlant {
  return () => {
    const own = memoryPersistence()
    return { read: (scope) => own.read(scope) }
  }
}

const lawsOf = (plant: BackendPlant) => storeLawsOf(plantedOptions(plant))

describe('objectStoreSuite', () => {
  it.each(planted)('finds a store that %s', async (_, broken, plant) => {
    expect(await brokenLaws(lawsOf(plant).filter(({ name }) => name === broken))).toEqual([broken])
  })

  it('has no law that cannot fail', () => {
    const found = new Set(planted.map(([, broken]) => broken))
    const names = lawsOf(() => ({})).map(({ name }) => name)
    expect(names.filter((name) => !found.has(name))).toEqual([])
  })

  it('finds a store that lets an earlier writer go on, and says that there is only one', async () => {
    expect(await brokenLaws(storeLawsOf({ ...plantedOptions(() => ({})), exclusive: true }))).toEqual([EXCLUDED])
  })

  it('finds a store of files that does not say so', async () => {
    expect(await brokenLaws(lawsOf(inStores(keepsFiles)))).toEqual([DELETED, LISTED, CHARACTERS])
  })
})
