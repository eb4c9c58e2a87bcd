import { isDeepStrictEqual } from 'node:util'
import { MalstromError, type ObjectStore, type PersistenceBackend, type ReadableObjectStore } from '@malstrom/core'
import { type Law, must } from './law.ts'
import type { StoreSuiteOptions } from './store-suite-options.ts'

const LARGE_BYTES = 3 * 1_024 * 1_024
const MANY = 1_100

const bytesOf = (text: string) => new TextEncoder().encode(text)

/** The contract of `PersistenceBackend` and `ObjectStore`. */
export function storeLawsOf(options: StoreSuiteOptions): Law[] {
  const law = (name: string, check: (store: ObjectStore, backend: PersistenceBackend) => Promise<void>): Law => ({
    name,
    async check() {
      const backend = await options.create()
      const store = await backend.open('scope')
      await check(store, backend)
      await store.close()
      await backend.close()
    },
  })
  return [
    law('what was put can be read, whatever its size', async (store) => {
      const large = Uint8Array.from({ length: LARGE_BYTES }, (_, i) => (i * 31) & 255)
      for (const [path, bytes] of [
        ['empty', new Uint8Array()],
        ['small', bytesOf('a')],
        ['deep/er/large', large],
      ] as const) {
        const etag = await store.put(path, bytes)
        const read = await store.get(path)
        must(read !== undefined && Buffer.compare(read.bytes, bytes) === 0, `${path} was read as something else`)
        must(read.etag === etag, `put of ${path} returned ${etag}, and get ${read.etag}`)
      }
    }),
    law('what was never put is undefined', async (store) => {
      must((await store.get('nothing')) === undefined, 'there is something where nothing was put')
      must((await store.get('no/thing')) === undefined, 'there is something where nothing was put')
    }),
    law('a second put replaces the first, and has another ETag', async (store) => {
      const first = await store.put('a', bytesOf('one'))
      const second = await store.put('a', bytesOf('two'))
      const third = await store.put('a', bytesOf('one'))
      must(textOf(await store.get('a')) === 'one', 'the last put does not count')
      must(new Set([first, second, third]).size === 3, 'two writes have the same ETag')
    }),
    law('putIf writes only what is as expected, and changes nothing otherwise', async (store) => {
      const first = await store.putIf('a', bytesOf('one'), 'absent')
      await conflict(store.putIf('a', bytesOf('x'), 'absent'))
      must(textOf(await store.get('a')) === 'one', 'a refused write has changed something')
      const second = await store.putIf('a', bytesOf('two'), first)
      await conflict(store.putIf('a', bytesOf('x'), first))
      await store.putIf('a', bytesOf('one'), second)
      // The same content as at first, and nevertheless another write.
      await conflict(store.putIf('a', bytesOf('x'), first))
      await conflict(store.putIf('other', bytesOf('x'), second))
      must(textOf(await store.get('a')) === 'one', 'a refused write has changed something')
    }),
    law('of several writers that expect the same, exactly one succeeds', async (store) => {
      const expected = await store.put('a', bytesOf('start'))
      const attempts = Array.from({ length: 8 }, (_, n) => store.putIf('a', bytesOf(`writer ${n}`), expected))
      const results = await Promise.allSettled(attempts)
      const winners = results.flatMap((result, n) => (result.status === 'fulfilled' ? [n] : []))
      must(winners.length === 1, `${winners.length} writers have succeeded`)
      must(textOf(await store.get('a')) === `writer ${winners[0]}`, 'what is there is not what the winner wrote')
    }),
    law('list gives the paths under a prefix, in byte order', async (store) => {
      const paths = ['b', 'a/2', 'a/10', 'a-1', 'a/b/c', 'A', 'ä', 'z z', 'a.b', '1%2']
      for (const path of paths) await store.put(path, bytesOf(path))
      await same(store, '', [...paths].sort(byteOrder))
      await same(store, 'a/', ['a/10', 'a/2', 'a/b/c'])
      await same(store, 'a/1', ['a/10'])
      await same(store, 'nothing', [])
    }),
    law('list gives everything, also if there is much', async (store) => {
      const paths = Array.from({ length: MANY }, (_, n) => `many/${String(n).padStart(5, '0')}`)
      for (let start = 0; start < MANY; start += 50)
        await Promise.all(paths.slice(start, start + 50).map((path) => store.put(path, bytesOf('x'))))
      await same(store, 'many/', paths)
      await store.delete(paths)
      await same(store, 'many/', [])
    }),
    law('delete takes away what there is, and does not mind the rest', async (store) => {
      const etag = await store.put('a', bytesOf('one'))
      await store.put('b', bytesOf('two'))
      await store.delete(['a', 'never there'])
      await store.delete([])
      must((await store.get('a')) === undefined, 'what was deleted is still there')
      must(textOf(await store.get('b')) === 'two', 'what was not deleted is gone')
      await conflict(store.putIf('a', bytesOf('x'), etag))
      await store.putIf('a', bytesOf('again'), 'absent')
    }),
    law('bytes belong to the caller before and after', async (store) => {
      // A Buffer, of which `slice` makes no copy.
      const bytes = Buffer.from('one')
      await store.put('a', bytes)
      bytes.fill(0)
      const read = await store.get('a')
      must(textOf(read) === 'one', 'changing what was put has changed what is stored')
      read?.bytes.fill(0)
      must(textOf(await store.get('a')) === 'one', 'changing what was read has changed what is stored')
    }),
    law('scopes do not see each other, and one that was never written is empty', async (store, backend) => {
      await store.put('a', bytesOf('one'))
      const other = await backend.open('other')
      must((await other.get('a')) === undefined, 'another scope sees it')
      await other.close()
      const reader = await backend.read('scope')
      must(textOf(await reader.get('a')) === 'one', 'read does not see what was written')
      await reader.close()
      const nobody = await backend.read('nobody')
      await same(nobody, '', [])
      await nobody.close()
    }),
    law('a path without a name is refused', async (store) => {
      for (const path of ['', '/', 'a//b', '../a', 'a/./b', '/a', 'a/']) {
        const error = await errorOf(store.put(path, bytesOf('x')))
        must(error instanceof MalstromError, `the path ${JSON.stringify(path)} was taken`)
      }
    }),
    law('a store that is closed says so', async (store) => {
      await store.close()
      await store.close()
      for (const use of [() => store.get('a'), () => store.put('a', bytesOf('x')), () => store.delete(['a'])]) {
        const error = await errorOf(use())
        must(error instanceof MalstromError && error.code === 'ERR_STORE_CLOSED', `a closed store answered ${String(error)}`)
      }
    }),
    ...(options.reopen === undefined ? [] : reopenLaws(options, options.reopen)),
  ]
}

function reopenLaws({ create, exclusive = false }: StoreSuiteOptions, reopen: NonNullable<StoreSuiteOptions['reopen']>): Law[] {
  return [
    {
      name: 'what was put is there for whoever opens the place later',
      async check() {
        const backend = await create()
        const store = await backend.open('scope')
        const etag = await store.put('a/b', bytesOf('one'))
        await store.close()
        const later = await reopen(backend)
        const again = await later.open('scope')
        const read = await again.get('a/b')
        must(textOf(read) === 'one' && read?.etag === etag, 'it is not there, or has another ETag')
        await again.putIf('a/b', bytesOf('two'), etag)
        await again.close()
        await later.close()
        await backend.close()
      },
    },
    {
      name: 'a later writer excludes an earlier one',
      async check() {
        const first = await create()
        const earlier = await first.open('scope')
        const etag = await earlier.putIf('head', bytesOf('1'), 'absent')
        const other = await reopen(first)
        const later = await other.open('scope')
        await later.putIf('head', bytesOf('2'), etag)
        const error = await errorOf(earlier.putIf('head', bytesOf('zombie'), etag))
        must(error instanceof MalstromError, 'the earlier writer could still write')
        if (!exclusive) must(error.code === 'ERR_STORE_CONFLICT', `the earlier writer was told ${error.code}`)
        must(textOf(await later.get('head')) === '2', 'the earlier writer has changed something')
        await earlier.close()
        await later.close()
        await other.close()
        await first.close()
      },
    },
  ]
}

async function conflict(write: Promise<unknown>): Promise<void> {
  const error = await errorOf(write)
  must(
    error instanceof MalstromError && error.code === 'ERR_STORE_CONFLICT',
    `a write that must be refused was answered with ${String(error)}`,
  )
}

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
    return undefined
  } catch (error) {
    return error
  }
}

async function same(store: ReadableObjectStore, prefix: string, paths: readonly string[]): Promise<void> {
  const listed: string[] = []
  for await (const path of store.list(prefix)) listed.push(path)
  must(isDeepStrictEqual(listed, paths), `list("${prefix}") gave ${listed.slice(0, 12).join(', ')}`)
}

function textOf(object: { readonly bytes: Uint8Array } | undefined): string | undefined {
  return object === undefined ? undefined : new TextDecoder().decode(object.bytes)
}

function byteOrder(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
