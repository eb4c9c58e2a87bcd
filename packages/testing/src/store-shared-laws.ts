import { MalstromError, type ObjectStore } from '@malstrom/core'
import { type Law, must } from './law.ts'
import { bytesOf, mustConflict, mustHold, mustList, type StoreBench, withStores } from './store-bench.ts'
import type { StoreSuiteOptions } from './store-suite-options.ts'

const WRITERS = 4
const STEPS = 5

/** What two backends on the same place keep, as two processes would use them, at a time or one after the other. */
export function sharedStoreLawsOf(options: StoreSuiteOptions): Law[] {
  const law = (name: string, check: (bench: StoreBench) => Promise<void>): Law => ({ name, check: () => withStores(options, check) })
  return [
    law('what was put is there for whoever opens the place later', async (bench) => {
      const backend = await bench.create()
      const store = await bench.open(backend)
      const etag = await leaveSomething(store)
      await store.close()
      // Closed while `backend` is open: the next one must not depend on how this one ended.
      await expectLeft(await bench.open(await bench.reopen(backend)), etag)
    }),
    law('what was put is there also if nobody closed anything', async (bench) => {
      const backend = await bench.create()
      const etag = await leaveSomething(await bench.open(backend))
      await expectLeft(await bench.open(await bench.reopen(backend)), etag)
    }),
    law('another backend reads what has been written', async (bench) => {
      const backend = await bench.create()
      const etag = await leaveSomething(await bench.open(backend))
      const reader = await bench.read(await bench.reopen(backend))
      must((await reader.get('a/b'))?.etag === etag, 'it is not there, or has another ETag')
      await mustList(reader, '', ['a/b', 'c'])
    }),
    law('a later writer excludes an earlier one', async (bench) => {
      const backend = await bench.create()
      const earlier = await bench.open(backend)
      const etag = await earlier.putIf('head', bytesOf('1'), 'absent')
      const later = await bench.open(await bench.reopen(backend))
      await later.putIf('head', bytesOf('2'), etag)
      const refusal = await earlier.putIf('head', bytesOf('zombie'), etag).catch((error: unknown) => error)
      must(refusal instanceof MalstromError, 'the earlier writer could still write')
      const code = options.exclusive === true ? 'ERR_FENCED' : 'ERR_STORE_CONFLICT'
      must(refusal.code === code, `the earlier writer was told ${refusal.code}, not ${code}`)
      await mustHold(later, 'head', '2', 'the earlier writer has changed something')
    }),
    ...(options.exclusive === true ? [] : [togetherLaw(law)]),
  ]
}

function togetherLaw(law: (name: string, check: (bench: StoreBench) => Promise<void>) => Law): Law {
  return law('two backends write together: each sees the other at once, and putIf decides between them', async (bench) => {
    const first = await bench.create()
    const stores = [await bench.open(first), await bench.open(await bench.reopen(first))] as const
    for (let step = 1; step <= STEPS; step++) {
      const [writer, other] = step % 2 === 0 ? stores : ([stores[1], stores[0]] as const)
      const etag = await writer.put('a', bytesOf(`${step}`))
      await mustHold(other, 'a', `${step}`, 'one backend does not see what the other wrote')
      await mustList(other, '', ['a'])
      const attempts = Array.from({ length: 2 * WRITERS }, (_, n) =>
        (n % 2 === 0 ? writer : other).putIf('a', bytesOf(`writer ${n}`), etag),
      )
      const results = await Promise.allSettled(attempts)
      const winners = results.flatMap((result, n) => (result.status === 'fulfilled' ? [n] : []))
      must(winners.length === 1, `${winners.length} writers have succeeded`)
      for (const store of stores) await mustHold(store, 'a', `writer ${winners[0]}`, 'what is there is not what the winner wrote')
      await writer.delete(['a'])
      must((await other.get('a')) === undefined, 'one backend still sees what the other deleted')
    }
  })
}

async function leaveSomething(store: ObjectStore): Promise<string> {
  await store.put('gone', bytesOf('zero'))
  await store.put('c', bytesOf('an earlier one'))
  const etag = await store.put('a/b', bytesOf('one'))
  await store.putIf('c', bytesOf('two'), (await store.get('c'))?.etag ?? 'absent')
  await store.delete(['gone'])
  return etag
}

async function expectLeft(store: ObjectStore, etag: string): Promise<void> {
  await mustList(store, '', ['a/b', 'c'])
  await mustHold(store, 'a/b', 'one', 'it has changed')
  await mustHold(store, 'c', 'two', 'an earlier write has come back')
  must((await store.get('a/b'))?.etag === etag, 'it has another ETag')
  await mustConflict('a write of what is there and should be absent', () => store.putIf('a/b', bytesOf('x'), 'absent'))
  await store.putIf('a/b', bytesOf('three'), etag)
  await mustHold(store, 'a/b', 'three', 'it could not be replaced')
}
