import { numberTime } from '@malstrom/core'
import { describe, expect, it } from 'vitest'
import { ExpireMap } from './expire-map.ts'
import { Expiry } from './ttl-map.ts'

type Entries = ExpireMap<unknown, unknown, unknown>

/** As much of a state store as `Expiry` uses. */
function storeOf(states: Map<unknown, Entries>) {
  return states as unknown as ConstructorParameters<typeof Expiry>[0]
}

const time = numberTime as ConstructorParameters<typeof Expiry>[1]

describe('the expiry of ttlMap', () => {
  it('queues a map once more only where its first expiry moves forward, and does not keep those entries for ever', () => {
    const entries: Entries = new ExpireMap(time).set('stays', 'x', Number.POSITIVE_INFINITY)
    const expiry = new Expiry(storeOf(new Map([['k', entries]])), time)
    for (let now = 0; now < 10_000; now += 100) {
      for (const due of [now + 50, now + 20]) expiry.watch('k', entries.set(due, 'x', due))
      expiry.expire(now + 90)
      expect(entries.size).toBe(1)
      expect(expiry.queued).toBe(1)
    }
  })

  it('expires a map that was forgotten and came back', () => {
    const entries: Entries = new ExpireMap(time)
    const states = new Map<unknown, Entries>()
    const expiry = new Expiry(storeOf(states), time)
    expiry.watch('k', entries.set('a', 'x', 5))
    expiry.expire(5)
    states.set('k', entries)
    expiry.watch('k', entries)
    expiry.expire(6)
    expect(states.has('k')).toBe(false)
  })
})
