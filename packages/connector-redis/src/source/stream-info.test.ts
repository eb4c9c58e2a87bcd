import fc from 'fast-check'
import { expect, it } from 'vitest'
import { RedisRefusal } from '../client/redis-port.ts'
import { compareEntryIds } from './entry-id.ts'
import { lostAfter, type StreamInfo, streamInfoOf } from './stream-info.ts'

/** A stream as it would be after additions and trimming. */
function streamOf(added: number, trimmed: number): StreamInfo {
  const removed = Math.min(added, trimmed)
  const isEmpty = removed === added
  return { added, length: added - removed, lastId: `${added}-0`, firstId: isEmpty ? undefined : `${removed + 1}-0` }
}

it('what is lost is what was trimmed and not read, however much came in between', () => {
  const counts = fc.nat({ max: 50 })
  fc.assert(
    fc.property(counts, counts, counts, (read, more, trimmed) => {
      const lost = Math.max(0, Math.min(trimmed, read + more) - read)
      expect(lostAfter(`${read}-0`, read, streamOf(read + more, trimmed))).toBe(lost)
    }),
  )
})

it('what was deleted one by one between entries that are left does not count', () => {
  // Of ten entries, the fourth and the eighth are deleted; two have been read.
  const info = { added: 10, length: 8, lastId: '10-0', firstId: '1-0' }
  expect(lostAfter('2-0', 2, info)).toBe(0)
  expect(compareEntryIds(info.firstId, '2-0')).toBeLessThan(0)
})

it('a stream that has had fewer entries than were read is another one', () => {
  expect(lostAfter('9-0', 9, streamOf(4, 0))).toBe(5)
  expect(lostAfter('9-0', 9, streamInfoOf(new RedisRefusal('ERR no such key')))).toBe(9)
})

it('nothing is claimed to be lost where that cannot be known', () => {
  expect(lostAfter('9-0', undefined, streamOf(100, 50))).toBe(0)
  // Redis 6.2 does not count.
  const old = streamInfoOf(['length', 3, 'last-generated-id', '9-0', 'first-entry', ['7-0', ['a', 'b']]])
  expect(old).toEqual({ length: 3, lastId: '9-0', firstId: '7-0', added: undefined })
  expect(lostAfter('1-0', 1, old)).toBe(0)
})

it('a refusal that is no missing stream is passed on', () => {
  expect(() => streamInfoOf(new RedisRefusal('WRONGTYPE it is text'))).toThrow('WRONGTYPE')
})
