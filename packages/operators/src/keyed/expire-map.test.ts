import { dateTime, numberTime } from '@malstrom/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ExpireMap } from './expire-map.ts'

const newMap = () => new ExpireMap<string, number, number>(numberTime)

describe('ExpireMap', () => {
  it('is a map until an epoch comes', () => {
    const map = newMap().set('a', 1, 10).set('b', 2, 5).set('a', 3, 20)
    expect(map.size).toBe(2)
    expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([3, 2, undefined])
    expect([map.has('a'), map.has('c')]).toEqual([true, false])
    expect([...map]).toEqual([
      ['a', 3],
      ['b', 2],
    ])
    expect([...map.values()]).toEqual([3, 2])
    expect([map.delete('a'), map.delete('a')]).toEqual([true, false])
    map.clear()
    expect([map.size, map.earliestExpiry]).toEqual([0, undefined])
  })

  it('removes what expires at or before the epoch, and nothing else', () => {
    const map = newMap().set('before', 1, 4).set('at', 2, 5).set('after', 3, 6)
    map.expire(5)
    expect([...map]).toEqual([['after', 3]])
    map.expire(Number.POSITIVE_INFINITY)
    expect(map.size).toBe(0)
  })

  it('works with any timestamps', () => {
    const map = new ExpireMap<string, number, Date>(dateTime).set('a', 1, new Date(5)).set('b', 2, dateTime.max)
    map.expire(new Date(5))
    expect([...map]).toEqual([['b', 2]])
    map.expire(dateTime.max)
    expect(map.size).toBe(0)
  })

  it('refuses an expiry that is no timestamp: such an entry would never go away', () => {
    for (const expiry of [Number.NaN, undefined as unknown as number, '5' as unknown as number]) {
      expect(() => newMap().set('a', 1, expiry)).toThrow(expect.objectContaining({ code: 'ERR_TIMESTAMP_INVALID' }))
    }
  })

  it('never names an expiry that is later than the first one (model test)', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd')
    const time = fc.integer({ min: 0, max: 20 })
    const action = fc.oneof(
      fc.record({ do: fc.constant('set' as const), key, time }),
      fc.record({ do: fc.constant('delete' as const), key }),
      fc.record({ do: fc.constant('expire' as const), time }),
    )
    fc.assert(
      fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
        const map = newMap()
        const model = new Map<string, number>()
        for (const step of actions) {
          if (step.do === 'set') {
            map.set(step.key, step.time, step.time)
            model.set(step.key, step.time)
          } else if (step.do === 'delete') {
            expect(map.delete(step.key)).toBe(model.delete(step.key))
          } else {
            map.expire(step.time)
            for (const [name, expiry] of model) if (expiry <= step.time) model.delete(name)
          }
          expect([...map]).toEqual([...model])
          const earliest = Math.min(...model.values())
          if (model.size > 0) expect(map.earliestExpiry).toBeLessThanOrEqual(earliest)
        }
      }),
    )
  })
})
