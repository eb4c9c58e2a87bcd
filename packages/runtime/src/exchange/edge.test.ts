import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { dateTime, numberTime, type TimestampAlgebra } from '@malstrom/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EDGE_RECORDS_MAX, Edge } from './edge.ts'
import { FRAME_RECORDS_MAX, type Frame } from './frame.ts'

const time = numberTime as TimestampAlgebra<unknown>

function edgeOf(keyed = false): Edge {
  return new Edge(keyed, time)
}

/** Everything that can be taken: frames as lists of values, epochs as `E5`. */
function takeAll(edge: Edge): unknown[] {
  const taken: unknown[] = []
  for (let item = edge.take(); item !== undefined; item = edge.take()) {
    if ('count' in item) taken.push(Array.from(item.values).slice(item.from ?? 0, item.count))
    else if ('epoch' in item) taken.push(`E${String(item.epoch)}`)
    else if ('idle' in item) taken.push(item.idle ? 'idle' : 'awake')
    else taken.push('barrier' in item ? `B${item.barrier.version}` : 'announce')
  }
  return taken
}

describe('Edge', () => {
  it('hands on records in order, with keys and timestamps, once they are closed', () => {
    const edge = edgeOf(true)
    edge.push('a', 'ka', 1)
    edge.push('b', 'kb', 2)
    expect(edge.take()).toBeUndefined()
    expect(edge.empty).toBe(false)
    edge.close()
    expect(recordsOf(edge.take() as Frame)).toEqual([
      ['a', 'ka', 1],
      ['b', 'kb', 2],
    ])
    expect(edge.take()).toBeUndefined()
    expect(edge.empty).toBe(true)
  })

  it('has no column of keys on streams without keys', () => {
    const edge = edgeOf()
    edge.push('a', undefined, 1)
    edge.close()
    expect(edge.take()).toMatchObject({ keys: undefined, values: ['a'] })
  })

  it('closes a frame by itself when it is full', () => {
    const edge = edgeOf()
    for (let n = 0; n < FRAME_RECORDS_MAX + 1; n++) edge.push(n, undefined, n)
    expect(takeAll(edge).map((values) => (values as unknown[]).length)).toEqual([FRAME_RECORDS_MAX])
    edge.close()
    expect(takeAll(edge)).toEqual([[FRAME_RECORDS_MAX]])
  })

  it('keeps epochs where they were sent, and only the latest of those that wait together', () => {
    const edge = edgeOf()
    edge.push(1, undefined, 1)
    edge.advance(1)
    edge.push(2, undefined, 2)
    edge.advance(2)
    edge.close()
    edge.push(3, undefined, 3)
    edge.close()
    expect(takeAll(edge)).toEqual([[1], 'E1', [2], 'E2', [3]])
  })

  it('passes on an epoch at once where no record waits', () => {
    const edge = edgeOf()
    edge.advance(5)
    expect(takeAll(edge)).toEqual(['E5'])
  })

  it('never passes on a smaller epoch after a larger one that waited with it', () => {
    const edge = edgeOf()
    edge.push('a', undefined, 9)
    edge.advance(7)
    edge.advance(5)
    edge.close()
    expect(takeAll(edge)).toEqual([['a'], 'E7'])
  })

  it('works with timestamps that are objects', () => {
    const edge = new Edge(false, dateTime as TimestampAlgebra<unknown>)
    edge.push('a', undefined, new Date(9))
    edge.advance(new Date(7))
    edge.advance(new Date(8))
    edge.close()
    edge.take()
    expect(edge.take()).toEqual({ epoch: new Date(8) })
  })

  it('is full with so many frames, and no longer when one is taken', () => {
    const edge = edgeOf()
    for (let n = 0; n < EDGE_RECORDS_MAX; n++) {
      expect(edge.full).toBe(false)
      edge.push(n, undefined, n)
      edge.close()
    }
    expect(edge.full).toBe(true)
    edge.take()
    expect(edge.full).toBe(false)
  })

  it('holds no more than is bounded while epochs come and nobody takes them', () => {
    const edge = edgeOf()
    edge.push('a', undefined, 0)
    edge.close()
    for (let n = 0; n < 10_000; n++) edge.advance(n)
    expect(takeAll(edge)).toEqual([['a'], 'E9999'])
  })

  it('lets go of what was taken, also if it never becomes empty', async () => {
    const edge = edgeOf()
    const taken: WeakRef<object>[] = []
    const move = (n: number) => {
      edge.push(n, undefined, n)
      edge.close()
      const frame = edge.take()
      if (frame !== undefined) taken.push(new WeakRef(frame))
    }
    edge.push(-1, undefined, -1)
    edge.close()
    for (let n = 0; n < 1_000; n++) move(n)
    setFlagsFromString('--expose-gc')
    const collectGarbage = runInNewContext('gc')
    await new Promise((resolve) => setImmediate(resolve))
    collectGarbage()
    expect(taken).toHaveLength(1_000)
    expect(taken.filter((frame) => frame.deref() !== undefined).length).toBeLessThan(64)
    expect(edge.empty).toBe(false)
  })
})

describe('the columns of an edge', () => {
  it('uses columns again, and never those of a frame that waits or is being read', () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ push: fc.integer({ min: 1, max: 4 }), mixes: fc.integer({ min: 0, max: 99 }) }) },
      { weight: 1, arbitrary: fc.record({ push: fc.integer({ min: 1, max: 1_100 }), mixes: fc.constant(0) }) },
      { weight: 2, arbitrary: fc.constant('epoch' as const) },
      { weight: 3, arbitrary: fc.constant('close' as const) },
      { weight: 6, arbitrary: fc.constant('take' as const) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const edge = new Edge(true, time)
        const sent: unknown[][] = []
        let next = 0
        let reading: { readonly frame: Frame; readonly expected: unknown[][] } | undefined
        const check = () => reading !== undefined && expect(recordsOf(reading.frame)).toEqual(reading.expected)
        for (const each of steps) {
          if (typeof each === 'object') {
            for (let i = 0; i < each.push; i++) {
              // A few times, one of the columns gets something that is no number.
              const record = [0, 1, 2].map((column) => (each.mixes === column + 1 && i === 0 ? `text ${next}` : next + column / 4))
              next++
              edge.push(record[0], record[1], record[2])
              sent.push(record)
            }
          } else if (each === 'close') edge.close()
          else if (each === 'epoch') edge.advance(next)
          else {
            check()
            const item = edge.take()
            reading = item !== undefined && 'count' in item ? { frame: item, expected: sent.splice(0, recordsOf(item).length) } : reading
          }
          check()
        }
        edge.close()
        for (let item = edge.take(); item !== undefined; item = edge.take()) {
          if ('count' in item) expect(recordsOf(item)).toEqual(sent.splice(0, recordsOf(item).length))
        }
        expect(sent).toEqual([])
      }),
      { numRuns: 80 },
    )
  })

  it('needs no new columns while frames are taken as they come', () => {
    const edge = new Edge(true, time)
    const seen = new Set<unknown>()
    for (let n = 0; n < 100; n++) {
      edge.push(n, n, n)
      edge.close()
      const frame = edge.take() as Frame
      for (const column of [frame.values, frame.keys, frame.timestamps]) seen.add(column)
    }
    expect(seen.size).toBeLessThanOrEqual(9)
  })
})

function recordsOf({ values, keys, timestamps, from = 0, count }: Frame): unknown[][] {
  return Array.from({ length: count - from }, (_, i) => [values[from + i], keys?.[from + i], timestamps[from + i]])
}
