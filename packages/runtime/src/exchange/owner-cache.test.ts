import { type Key, rendezvousSelect, type WorkerId } from '@malstrom/core'
import { expect, it } from 'vitest'
import { OWNER_SLOTS, OwnerCache } from './owner-cache.ts'

/** What the lines of an exchange do. */
function ownerOf(cache: OwnerCache, key: Key): WorkerId {
  if (typeof key !== 'number') return cache.choose(key)
  const slot = key & (OWNER_SLOTS - 1)
  return cache.keys[slot] === key ? (cache.owners[slot] as WorkerId) : cache.choose(key)
}

it('gives each key the owner that rendezvousSelect gives it, whichever keys came before', () => {
  const workers = [0, 3, 4, 900]
  const cache = new OwnerCache(workers)
  const extremes: Key[] = [
    0,
    -0,
    1,
    -1,
    0.5,
    1e300,
    2 ** 31,
    2 ** 31 - 1,
    -(2 ** 31),
    2 ** 32,
    2 ** 53,
    Number.POSITIVE_INFINITY,
    'a',
    7n,
    true,
  ]
  const numbers = Array.from({ length: 20_000 }, (_, index) => ((index * 7_919) % 3_000) - 1_000)
  for (const key of [...extremes, ...numbers, ['a', 1] as const, ...extremes, ...numbers]) {
    expect(ownerOf(cache, key)).toBe(rendezvousSelect(key, workers))
  }
})
