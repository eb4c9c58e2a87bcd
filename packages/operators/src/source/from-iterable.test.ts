import { type Flow, fromIterable } from '@malstrom/operators'
import { errorOf, inBothForms } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'

describe('fromIterable', () => {
  const two = function* () {
    yield 'a'
    yield 'b'
  }
  const iterables: readonly [string, Iterable<string> | (() => Iterable<string>)][] = [
    ['an array', ['a', 'b']],
    ['a frozen array', Object.freeze(['a', 'b'])],
    ['a set', new Set(['a', 'b'])],
    ['a string', 'ab'],
    ['an object that can be iterated', { [Symbol.iterator]: two }],
    ['a function that returns an array', () => ['a', 'b']],
    ['a generator function', two],
  ]
  for (const [name, values] of iterables) {
    inBothForms(`reads ${name}, also a second time; the timestamp is the index`, async (collect) => {
      for (const time of ['first', 'second']) {
        const { out } = await collect((flow) => ({ out: flow.source(time, fromIterable(values)) }))
        expect(out.records).toEqual([
          { key: undefined, value: 'a', timestamp: 0 },
          { key: undefined, value: 'b', timestamp: 1 },
        ])
      }
    })
  }

  inBothForms('reads a generator object once, and says so the second time', async (collect) => {
    const source = fromIterable(two())
    const build = (flow: Flow) => ({ out: flow.source('once', source) })
    expect((await collect(build)).out.values).toEqual(['a', 'b'])
    const error = await errorOf(collect(build))
    expect(error).toMatchObject({ code: 'ERR_SOURCE_CONSUMED', context: { operator: 'once' } })
    expect(error.message).toMatch(/Source "once" .*has been read already.*fromIterable\(\(\) => \.\.\.\)/)
  })

  inBothForms('reads more than a frame holds', async (collect) => {
    for (const length of [1_023, 1_024, 1_025, 5_000]) {
      const numbers = Array.from({ length }, (_, n) => n)
      const { array, generated } = await collect((flow) => ({
        array: flow.source('array', fromIterable(numbers)),
        generated: flow.source('generated', fromIterable(new Set(numbers))),
      }))
      expect(array.values).toEqual(numbers)
      expect(generated.values).toEqual(numbers)
      expect(generated.records.at(-1)?.timestamp).toBe(length - 1)
    }
  })

  inBothForms('emits undefined and holes like any value', async (collect) => {
    const holes = [1, undefined, null]
    holes.length = 4
    const { out } = await collect((flow) => ({ out: flow.source('holes', fromIterable(holes)) }))
    expect(out.values).toEqual([1, undefined, null, undefined])
  })

  inBothForms('fails the job with what the iterator throws, after the values before', async (collect) => {
    const error = await errorOf(
      collect((flow) => ({
        out: flow.source(
          'breaks',
          fromIterable(function* () {
            yield 1
            throw new Error('lost')
          }),
        ),
      })),
    )
    expect(error).toMatchObject({ code: 'ERR_SOURCE_FAILED', context: { operator: 'breaks' } })
    expect(error.message).toMatch(/Source "breaks" \(from-iterable.test.ts:\d+\) failed: lost/)
  })

  inBothForms('closes the iterator when the job fails before its end, and only then', async (collect) => {
    let closed = 0
    const endless = function* () {
      try {
        for (let n = 0; ; n++) yield n
      } finally {
        closed++
      }
    }
    const error = await errorOf(
      collect((flow) => {
        flow
          .source('endless', fromIterable(endless))
          .map('stops', (n) => {
            if (n === 5_000) throw new Error('enough')
          })
          .discard('end')
      }),
    )
    expect(error.context.timestamp).toBe(5_000)
    expect(closed).toBe(1)
  })

  it('goes on after a saved position', () => {
    const context = { job: 'j', operator: 'o', worker: 0, generation: 2 }
    for (const values of [[1, 2, 3, 4], new Set([1, 2, 3, 4])]) {
      const partition = fromIterable(values).openPartition('all', 2, context)
      if (partition instanceof Promise) throw new Error('it opens at once')
      expect(partition.snapshot()).toBe(2)
      const seen: unknown[] = []
      const output = {
        emit: (value: number, timestamp: number) => void seen.push([value, timestamp]),
        emitAll: (all: readonly number[], start: number, end: number, timestamps: ArrayLike<number>) => {
          for (let i = start; i < end; i++) seen.push([all[i], timestamps[i - start]])
        },
        emitIndexed: (all: readonly number[], start: number, end: number, first: number) => {
          for (let i = start; i < end; i++) seen.push([all[i], first + i - start])
        },
      }
      while (partition.poll(output, 3) !== 'finished');
      expect(seen).toEqual([
        [3, 2],
        [4, 3],
      ])
      expect(partition.snapshot()).toBe(4)
    }
  })

  it('refuses what cannot be iterated', () => {
    for (const values of [undefined, null, 5, {}]) {
      expect(() => fromIterable(values as never)).toThrow(expect.objectContaining({ code: 'ERR_OPERATOR_ARGUMENT' }))
    }
  })
})
