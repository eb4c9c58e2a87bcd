import type { ObjectStore, PersistenceBackend } from '@malstrom/core'
import { turns } from './event-loop.ts'
import { type Law, must } from './law.ts'
import { byteOrder, bytesOf, mustConflict, mustHold, mustList, mustReject, type StoreBench, withStores } from './store-bench.ts'
import { sharedStoreLawsOf } from './store-shared-laws.ts'
import type { StoreSuiteOptions } from './store-suite-options.ts'

const LARGE_BYTES = 3 * 1_024 * 1_024
/** More than the 1,000 that object stores list and delete at once. */
const MANY = 1_100
const PUTS_AT_ONCE = 50
const WRITERS = 8
const REPLACEMENTS = 12
const REPLACED_BYTES = 100_000

/** What is no path: it has no parts, an empty one, or one that leads elsewhere; and what has no bytes. */
const NO_PATHS = ['', '/', 'a//b', '/a', 'a/', '.', '..', '../a', 'a/./b', 'a/../../b', 'a/..', 'half \ud83d']

/** What is a path, though it looks like trouble: to a shell, a URL, a file system, a database, or a URL that was decoded twice. */
const STRANGE_PATHS = [
  'a',
  'A',
  'a/b',
  'a b',
  ' a ',
  'a.',
  '.a',
  '...',
  '~',
  '%',
  '%2e%2e/a',
  '%2F',
  'a%2Fb',
  'a+b',
  'a@1',
  'a\\b',
  'a?b#c&d=e',
  '"<\'>',
  '*',
  'a:b',
  '-rf',
  'con',
  'tab\tand\nline',
  'ä',
  'a\u0308', // Not the same as the one before, on a file system that composes characters either.
  '\uffee',
  '\u{1f600}', // Comes after the one before, but not in the order of UTF-16.
  'e/'.repeat(20).concat('deep'),
]

/** 512 bytes in parts of 80: what every store takes. */
const LONGEST_PATH = Array.from({ length: 6 }, () => 'x'.repeat(80))
  .join('/')
  .concat('/', 'y'.repeat(26))

/** The contract of `PersistenceBackend` and `ObjectStore`. */
export function storeLawsOf(options: StoreSuiteOptions): Law[] {
  const law: LawOf = (name, check) => ({
    name,
    check: () =>
      withStores(options, async (bench) => {
        const backend = await bench.create()
        await check(await bench.open(backend), backend, bench)
      }),
  })
  const shared = options.reopen === undefined ? [] : sharedStoreLawsOf(options)
  const nested = options.nested ?? true
  return [...objectLaws(law, nested), ...conditionLaws(law), ...pathLaws(law, nested), ...scopeLaws(law), ...shared]
}

type LawOf = (name: string, check: (store: ObjectStore, backend: PersistenceBackend, bench: StoreBench) => Promise<void>) => Law

function objectLaws(law: LawOf, nested: boolean): Law[] {
  const near = nested ? 'a/b' : 'a-/b'
  return [
    law('what was put can be read, whatever its size', async (store) => {
      const large = Uint8Array.from({ length: LARGE_BYTES }, (_, i) => (i * 31) & 255)
      for (const [path, bytes] of [
        ['empty', new Uint8Array()],
        ['small', bytesOf('a')],
        ['deep/er/large', large],
      ] as const) {
        const etag = await store.put(path, bytes)
        for (let again = 0; again < 2; again++) {
          const read = await store.get(path)
          must(read !== undefined && Buffer.compare(read.bytes, bytes) === 0, `"${path}" was read as something else`)
          must(read.etag === etag, `put of "${path}" returned the ETag ${etag}, and get ${read.etag}`)
        }
      }
    }),
    law('what was never put is undefined', async (store) => {
      await store.put('there/is', bytesOf('one'))
      for (const path of ['nothing', 'no/thing', 'there', 'there/i', 'there/is/nothing'])
        must((await store.get(path)) === undefined, `there is something at "${path}", where nothing was put`)
    }),
    law('a second put replaces the first, and has another ETag', async (store) => {
      const etags = new Set<string>()
      for (const text of ['one', 'a longer one', 'two', 'one']) {
        etags.add(await store.put('a', bytesOf(text)))
        await mustHold(store, 'a', text, 'the last put does not count')
      }
      must(etags.size === 4, 'two writes have the same ETag')
      await mustList(store, '', ['a'])
    }),
    law('bytes belong to the caller before and after', async (store) => {
      // A Buffer, of which `slice` makes no copy.
      const bytes = Buffer.from('one')
      await store.put('a', bytes)
      bytes.fill(0)
      await mustHold(store, 'a', 'one', 'changing what was put has changed what is stored')
      ;(await store.get('a'))?.bytes.fill(0)
      await mustHold(store, 'a', 'one', 'changing what was read has changed what is stored')
    }),
    law('whoever reads an object while it is replaced sees the whole of one write', async (store) => {
      const written = (n: number) => new Uint8Array(REPLACED_BYTES + n).fill(n)
      await store.put('a', written(0))
      let isWriting = true
      const read = async () => {
        const object = await store.get('a')
        must(object !== undefined, 'an object was missing while it was replaced')
        const isWhole = Buffer.compare(object.bytes, written(object.bytes.length - REPLACED_BYTES)) === 0
        must(isWhole, 'half of an object was seen while it was replaced')
      }
      const write = async () => {
        for (let n = 1; n <= REPLACEMENTS; n++) await store.put('a', written(n))
      }
      const readMeanwhile = async () => {
        // The turn in between lets a store write whose reading takes none.
        for (; isWriting; await turns(1)) await read()
      }
      const writing = write().finally(() => {
        isWriting = false
      })
      for (const result of await Promise.allSettled([writing, readMeanwhile()])) if (result.status === 'rejected') throw result.reason
    }),
    law('delete takes away what there is, and does not mind the rest', async (store) => {
      const etag = await store.put('a', bytesOf('one'))
      for (const path of [near, 'ab', 'b', 'c/d']) await store.put(path, bytesOf(path))
      await store.delete(['a', 'never there', 'c/d'])
      await store.delete([])
      must((await store.get('a')) === undefined, 'what was deleted is still there')
      await mustList(store, '', [near, 'ab', 'b'])
      await mustHold(store, near, near, 'what was not deleted has changed')
      await mustConflict('a write over what was deleted', () => store.putIf('a', bytesOf('x'), etag))
      must((await store.putIf('a', bytesOf('one'), 'absent')) !== etag, 'what was put again has the ETag that it had before it was deleted')
      await store.put('c/d', bytesOf('again'))
      await mustHold(store, 'c/d', 'again', 'what was put again is not there')
    }),
  ]
}

function conditionLaws(law: LawOf): Law[] {
  return [
    law('putIf writes only what is as expected, and changes nothing otherwise', async (store) => {
      const first = await store.putIf('a', bytesOf('one'), 'absent')
      await mustConflict('a write of what is there and should be absent', () => store.putIf('a', bytesOf('x'), 'absent'))
      await mustHold(store, 'a', 'one', 'a refused write has changed something')
      const second = await store.putIf('a', bytesOf('two'), first)
      must((await store.get('a'))?.etag === second, 'putIf returned another ETag than get')
      await mustConflict('a write over what is no longer there', () => store.putIf('a', bytesOf('x'), first))
      await mustHold(store, 'a', 'two', 'a refused write has changed something')
      await mustConflict('a write over what never was there', () => store.putIf('other', bytesOf('x'), second))
      await mustList(store, '', ['a'])
    }),
    law('putIf does not mistake a write for another one with the same content', async (store) => {
      const first = await store.put('a', bytesOf('one'))
      const other = await store.put('b', bytesOf('one'))
      const second = await store.put('a', bytesOf('one'))
      await mustConflict('a write over an earlier write of the same content', () => store.putIf('a', bytesOf('x'), first))
      const third = await store.putIf('a', bytesOf('one'), second)
      await mustConflict('a write over an earlier write of the same content', () => store.putIf('a', bytesOf('x'), second))
      must(new Set([first, other, second, third]).size >= 3, 'writes of the same content have the same ETag')
      await mustHold(store, 'a', 'one', 'a refused write has changed something')
    }),
    law('of several writers that expect the same, exactly one succeeds', async (store) => {
      const start = await store.put('a', bytesOf('start'))
      for (const [path, expected] of [
        ['a', start],
        ['new', 'absent'],
      ] as const) {
        const attempts = Array.from({ length: WRITERS }, (_, n) => store.putIf(path, bytesOf(`writer ${n}`), expected))
        const results = await Promise.allSettled(attempts)
        const winners = results.flatMap((result, n) => (result.status === 'fulfilled' ? [n] : []))
        must(winners.length === 1, `${winners.length} writers have succeeded`)
        await mustHold(store, path, `writer ${winners[0]}`, 'what is there is not what the winner wrote')
        for (const result of results) if (result.status === 'rejected') await mustConflict('a writer', () => Promise.reject(result.reason))
      }
    }),
  ]
}

function pathLaws(law: LawOf, nested: boolean): Law[] {
  const possible = (paths: readonly string[]) => (nested ? [...paths] : paths.filter((path) => !isFolderOf(path, paths)))
  return [
    law('list gives the paths under a prefix, in byte order', async (store) => {
      const paths = possible(['b', 'a/2', 'a/10', 'a-1', 'a/b/c', 'a/b', 'a', 'A', '\uffee', '\u{1f600}'])
      await Promise.all(paths.map((path) => store.put(path, bytesOf(path))))
      await mustList(store, '', [...paths].sort(byteOrder))
      for (const [prefix, expected] of [
        ['a', ['a', 'a-1', 'a/10', 'a/2', 'a/b', 'a/b/c']],
        ['a/', ['a/10', 'a/2', 'a/b', 'a/b/c']],
        ['a/1', ['a/10']],
        ['a/b', ['a/b', 'a/b/c']],
      ] as const) {
        await mustList(store, prefix, possible(expected))
      }
      for (const prefix of ['nothing', 'a/b/c/', '/', 'a//', '../', 'a/../', './']) await mustList(store, prefix, [])
    }),
    law('list gives everything, also if there is much', async (store) => {
      const paths = Array.from({ length: MANY }, (_, n) => `many/${String(n).padStart(5, '0')}`)
      await store.put('other', bytesOf('x'))
      for (let start = 0; start < MANY; start += PUTS_AT_ONCE)
        await Promise.all(paths.slice(start, start + PUTS_AT_ONCE).map((path) => store.put(path, bytesOf('x'))))
      await mustList(store, 'many/', paths)
      await mustList(store, '', [...paths, 'other'])
    }),
    law('delete takes away much at once', async (store) => {
      const paths = Array.from({ length: MANY }, (_, n) => `many/${n}`)
      const stored = [paths[0], paths[500], paths[1_050], paths[MANY - 1]] as string[]
      for (const path of [...stored, 'other']) await store.put(path, bytesOf('x'))
      await store.delete(paths)
      await mustList(store, '', ['other'])
    }),
    law('a path may have any characters', async (store) => {
      const paths = possible([...STRANGE_PATHS, LONGEST_PATH])
      await Promise.all(paths.map((path) => store.put(path, bytesOf(path))))
      for (const path of paths) await mustHold(store, path, path, 'a path stands for another one')
      await mustList(store, '', [...paths].sort(byteOrder))
      for (const path of paths) await mustList(store, path, paths.filter((other) => other.startsWith(path)).sort(byteOrder))
      await store.delete(paths)
      await mustList(store, '', [])
    }),
    law('what is no path is refused', async (store) => {
      for (const path of NO_PATHS) {
        const what = `the path ${JSON.stringify(path)}`
        await mustReject(what, 'ERR_STORE', () => store.put(path, bytesOf('x')))
        await mustReject(what, 'ERR_STORE', () => store.putIf(path, bytesOf('x'), 'absent'))
        await mustReject(what, 'ERR_STORE', () => store.get(path))
        await mustReject(what, 'ERR_STORE', () => store.delete([path]))
      }
      await mustList(store, '', [])
    }),
  ]
}

function isFolderOf(path: string, paths: readonly string[]): boolean {
  return paths.some((other) => other.startsWith(`${path}/`))
}

function scopeLaws(law: LawOf): Law[] {
  return [
    law('scopes do not see each other, and one that was never written is empty', async (store, backend, bench) => {
      await store.put('a', bytesOf('one'))
      for (const scope of ['other', 'scop', 'scope2']) {
        const other = await bench.open(backend, scope)
        must((await other.get('a')) === undefined, 'another scope sees it')
        await mustList(other, '', [])
        await other.put('a', bytesOf(scope))
        await other.delete(['a'])
      }
      await mustHold(store, 'a', 'one', 'another scope has changed it')
      const nobody = await bench.read(backend, 'nobody')
      await mustList(nobody, '', [])
      must((await nobody.get('a')) === undefined, 'there is something where nothing was put')
    }),
    law('read sees what has been written', async (store, backend, bench) => {
      const etag = await store.put('a/b', bytesOf('one'))
      const reader = await bench.read(backend)
      await mustHold(reader, 'a/b', 'one', 'read does not see what was written')
      must((await reader.get('a/b'))?.etag === etag, 'read sees another ETag')
      await mustList(reader, '', ['a/b'])
    }),
    law('what is no scope is refused', async (_, backend) => {
      for (const scope of ['', '.', '..', 'a/b', '../a', '/']) {
        await mustReject(`the scope ${JSON.stringify(scope)}`, 'ERR_STORE', () => backend.open(scope))
        await mustReject(`the scope ${JSON.stringify(scope)}`, 'ERR_STORE', () => backend.read(scope))
      }
    }),
    law('a store that is closed says so', async (store, backend, bench) => {
      await store.put('a', bytesOf('one'))
      const reader = await bench.read(backend)
      for (const closed of [store, reader]) {
        await closed.close()
        await closed.close()
        await mustReject('get after close', 'ERR_STORE_CLOSED', () => closed.get('a'))
        await mustReject('list after close', 'ERR_STORE_CLOSED', async () => mustList(closed, '', []))
      }
      await mustReject('put after close', 'ERR_STORE_CLOSED', () => store.put('a', bytesOf('x')))
      await mustReject('putIf after close', 'ERR_STORE_CLOSED', () => store.putIf('b', bytesOf('x'), 'absent'))
      await mustReject('delete after close', 'ERR_STORE_CLOSED', () => store.delete(['a']))
      const again = await bench.open(backend)
      await mustHold(again, 'a', 'one', 'a closed store has changed something')
      await mustList(again, '', ['a'])
    }),
  ]
}
