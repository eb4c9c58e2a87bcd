import type { ObjectStore, PersistenceBackend } from '@malstrom/core'
import { memoryPersistence } from '@malstrom/persistence'
import { describe, expect, it } from 'vitest'
import { brokenLaws } from './law.ts'
import { storeLawsOf } from './store-laws.ts'

/** A backend on memory with something planted in its stores. */
function planted(plant: (store: ObjectStore) => Partial<ObjectStore>): PersistenceBackend {
  const backend = memoryPersistence()
  return {
    async open(scope) {
      const store = await backend.open(scope)
      const changed = plant(store)
      return {
        get: changed.get ?? ((path) => store.get(path)),
        put: changed.put ?? ((path, bytes) => store.put(path, bytes)),
        putIf: changed.putIf ?? ((path, bytes, expected) => store.putIf(path, bytes, expected)),
        list: changed.list ?? ((prefix) => store.list(prefix)),
        delete: changed.delete ?? ((paths) => store.delete(paths)),
        close: changed.close ?? (() => store.close()),
      }
    },
    read: (scope) => backend.read(scope),
    close: () => backend.close(),
  }
}

const bugs: readonly (readonly [string, (store: ObjectStore) => Partial<ObjectStore>, string])[] = [
  [
    'ignores conditions',
    (store) => ({ putIf: (path, bytes) => store.put(path, bytes) }),
    'putIf writes only what is as expected, and changes nothing otherwise',
  ],
  [
    'checks conditions, and then writes without them',
    (store) => ({
      async putIf(path, bytes, expected) {
        const current = (await store.get(path))?.etag ?? 'absent'
        if (current !== expected) return store.putIf(path, bytes, 'never')
        await new Promise((resolve) => setImmediate(resolve))
        return store.put(path, bytes)
      },
    }),
    'of several writers that expect the same, exactly one succeeds',
  ],
  [
    'has the same ETag for the same content',
    (store) => ({
      async put(path, bytes) {
        await store.put(path, bytes)
        return Buffer.from(bytes).toString('hex').slice(0, 20)
      },
    }),
    'a second put replaces the first, and has another ETag',
  ],
  [
    'lists a thousand paths at most',
    (store) => ({
      async *list(prefix) {
        let listed = 0
        for await (const path of store.list(prefix)) if (++listed <= 1_000) yield path
      },
    }),
    'list gives everything, also if there is much',
  ],
  [
    'deletes only the first path',
    (store) => ({ delete: (paths) => store.delete(paths.slice(1)) }),
    'delete takes away what there is, and does not mind the rest',
  ],
  [
    'cuts off what is large',
    (store) => ({ put: (path, bytes) => store.put(path, bytes.subarray(0, 1_000_000)) }),
    'what was put can be read, whatever its size',
  ],
  ['stays open', () => ({ close: async () => {} }), 'a store that is closed says so'],
]

describe('the suite of object stores', () => {
  it.each(bugs)('finds a store that %s', async (_what, plant, law) => {
    expect(await brokenLaws(storeLawsOf({ create: () => planted(plant) }))).toContain(law)
  })

  it('finds nothing wrong with memory', async () => {
    expect(await brokenLaws(storeLawsOf({ create: () => planted(() => ({})) }))).toEqual([])
  })
})
