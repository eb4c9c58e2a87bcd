import { fromIterable, toArrayOfRecords } from '@malstrom/operators'
import { inBothForms, ScriptedSource } from '@malstrom/testing'
import { describe, expect } from 'vitest'

const one = (timestamp: number) => fromIterable(Array.from({ length: timestamp + 1 }, (_, n) => n))

describe('union', () => {
  inBothForms('has every record of its streams, those of each in their order', async (collect) => {
    const { out } = await collect((flow) => {
      const even = flow.source('even', fromIterable([0, 2, 4]))
      const odd = flow.source('odd', fromIterable([1, 3, 5]))
      return { out: even.union(odd) }
    })
    expect(out.values.filter((n) => (n as number) % 2 === 0)).toEqual([0, 2, 4])
    expect(out.values.filter((n) => (n as number) % 2 === 1)).toEqual([1, 3, 5])
    expect(out.epochs).toEqual([Number.POSITIVE_INFINITY])
  })

  inBothForms('has the smallest of the frontiers: of E42 and E15 it is E15, then of E78 and E42 it is E42', async (collect) => {
    const [a, b] = [new ScriptedSource<string>(['p']), new ScriptedSource<string>(['p'])]
    a.partition('p').give(['a', 42])
    b.partition('p').give(['b', 15])
    const { out } = await collect((flow) => {
      const [left, right] = [a, b].map(
        (source, index) => flow.source(`source ${index}`, source).generateEpochs(`each ${index}`, (_value, timestamp) => timestamp).onTime,
      )
      if (left === undefined || right === undefined) throw new Error('two streams')
      return {
        out: left.union(right).inspectFrontier('play', (epoch) => {
          if (epoch === 15) {
            a.partition('p').give(['a', 78])
            b.partition('p').give(['b', 42])
          }
          if (epoch === 42) for (const source of [a, b]) source.partition('p').finish()
        }),
      }
    })
    expect(out.epochs).toEqual([15, 42, Number.POSITIVE_INFINITY])
  })

  inBothForms('repeats no epoch: one that does not advance the frontier is not passed on', async (collect) => {
    const [a, b] = [new ScriptedSource<string>(['p']), new ScriptedSource<string>(['p'])]
    a.partition('p').give(['a', 1])
    b.partition('p').give(['b', 10])
    const { out } = await collect((flow) => {
      const left = flow.source('a', a).generateEpochs('epochs of a', (_value, timestamp) => timestamp).onTime
      const right = flow.source('b', b).generateEpochs('epochs of b', (_value, timestamp) => timestamp).onTime
      return {
        out: left.union(right).inspect('play', (_value, timestamp) => {
          if (timestamp === 10) b.partition('p').give(['b', 11])
          if (timestamp === 11) b.partition('p').give(['b', 12])
          if (timestamp === 12) for (const source of [a, b]) source.partition('p').finish()
        }),
      }
    })
    expect(out.values).toHaveLength(4)
    expect(out.epochs).toEqual([...new Set(out.epochs)])
    expect(out.epochs[0]).toBe(1)
  })

  inBothForms('waits for the first epoch of every stream', async (collect) => {
    const { out } = await collect((flow) => {
      const a = flow.source('a', one(3)).generateEpochs('each', (_n, timestamp) => timestamp)
      const b = flow.source('b', one(3)).generateEpochs('never', () => undefined)
      return { out: a.onTime.union(b.onTime) }
    })
    // Stream b has only the epoch that ends it, and then a has ended too or goes on alone.
    expect(out.epochs.at(-1)).toBe(Number.POSITIVE_INFINITY)
    expect(out.values).toHaveLength(8)
  })

  inBothForms('of a stream with itself has every record twice', async (collect) => {
    const { out, status } = await collect((flow) => {
      const n = flow.source('n', fromIterable([1, 2, 3]))
      return { out: n.union(n) }
    })
    expect([...out.values].sort()).toEqual([1, 1, 2, 2, 3, 3])
    expect(out.epochs).toEqual([Number.POSITIVE_INFINITY])
    expect(status.recordsIn).toBe(3)
  })

  inBothForms('joins any number of streams', async (collect) => {
    const { three, none } = await collect((flow) => {
      const [a, b, c] = ['a', 'b', 'c'].map((name) => flow.source(name, fromIterable([`${name}0`, `${name}1`])))
      if (a === undefined || b === undefined || c === undefined) throw new Error('three streams')
      return { three: a.union(b, c), none: a.union() }
    })
    expect([...three.values].sort()).toEqual(['a0', 'a1', 'b0', 'b1', 'c0', 'c1'])
    expect(none.values).toEqual(['a0', 'a1'])
  })

  inBothForms('may end in a sink, or in several', async (collect) => {
    const first: { key: unknown; value: number; timestamp: number }[] = []
    const second: typeof first = []
    const { status } = await collect((flow) => {
      const both = flow.source('a', fromIterable([1, 2])).union(flow.source('b', fromIterable([10])))
      both.sink('first', toArrayOfRecords(first))
      both.sink('second', toArrayOfRecords(second))
    })
    for (const records of [first, second]) expect(records.map(({ value }) => value).sort()).toEqual([1, 10, 2])
    expect(status).toMatchObject({ recordsIn: 3, recordsOut: 6, frontier: Number.POSITIVE_INFINITY })
  })

  inBothForms('keeps keys', async (collect) => {
    const { out } = await collect((flow) => {
      const a = flow.source('a', fromIterable([1])).keyLocal('key of a', () => 'a')
      const b = flow.source('b', fromIterable([2])).keyLocal('key of b', () => 'b')
      return {
        out: a.union(b).fold(
          'count',
          () => 0,
          (count) => count + 1,
        ),
      }
    })
    expect(out.records.map(({ key, value }) => [key, value]).sort()).toEqual([
      ['a', 1],
      ['b', 1],
    ])
  })

  inBothForms('closes a diamond: what a split divided comes together again', async (collect) => {
    const { out } = await collect((flow) => {
      const { onTime } = flow.source('n', one(9)).generateEpochs('each', (_n, timestamp) => timestamp)
      const { even, odd } = onTime.split('parity', ['even', 'odd'], (n) => (n % 2 === 0 ? 'even' : 'odd'))
      return {
        out: even
          .map('negate', (n) => -n)
          .union(odd)
          .process('check the epochs', { onData: (n, output, key, t) => output.emit(n, key, t) }),
      }
    })
    expect(out.values.map((n) => Math.abs(n as number)).sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(out.epochs.at(-1)).toBe(Number.POSITIVE_INFINITY)
  })
})
