import { defineJob, type Flow } from '@malstrom/operators'
import { type SimulatedSink, type SimulatedWorld, simulate } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'

const RECORDS = 40
const CONTROLS = 15

/** Fails the job if a record comes at or behind an epoch. */
function epochLaw() {
  let frontier = Number.NEGATIVE_INFINITY
  return {
    onData(value: Seen, output: { emit(value: Seen, key: string, timestamp: number): void }, key: string, timestamp: number) {
      if (timestamp <= frontier) throw new Error(`a record at ${timestamp} comes after Epoch(${frontier})`)
      output.emit(value, key, timestamp)
    },
    onEpoch(epoch: number) {
      frontier = Math.max(frontier, epoch)
    },
  }
}

interface Seen {
  readonly name: string
  /** The control records that had come, in their order. */
  readonly known: readonly string[]
}

/** Two partitions of control records, and data in front of an exchange or behind one. */
function job(world: SimulatedWorld, sink: SimulatedSink, keyed: boolean) {
  const source = (names: readonly string[], count: number) =>
    world.source(
      Object.fromEntries(
        names.map((name) => [name, Array.from({ length: count }, (_, index) => ({ value: `${name}${index}`, timestamp: index * 3 + 1 }))]),
      ),
    )
  const data = source(['a', 'b', 'c'], RECORDS)
  const told = source(['x', 'y'], CONTROLS)
  const epochs = { epochs: (_value: string, timestamp: number) => timestamp }
  return defineJob({
    name: 'rules',
    module: import.meta.url,
    build(flow: Flow) {
      const control = flow.source('control', told, epochs).onTime
      const records = flow.source('data', data, epochs).onTime
      const init = (): string[] => []
      const onControl = (known: string[], word: string) => {
        known.push(word)
        return known
      }
      const seen = keyed
        ? records
            .keyDistribute('by-name', (name) => name)
            .broadcast('apply', control, { init, onControl, onData: (known, name) => ({ name, known: [...known] }) })
        : records
            .broadcast('apply', control, { init, onControl, onData: (known, name): Seen => ({ name, known: [...known] }) })
            .keyDistribute('by-name', ({ name }) => name)
      seen
        .statelessOp('law', epochLaw())
        .fold(
          'count',
          () => ({ count: 0, seen: undefined as Seen | undefined }),
          ({ count }, one) => ({ count: count + 1, seen: one }),
        )
        .sink('out', sink)
    },
  })
}

describe('broadcast in a world of crashes', () => {
  it.each(Array.from({ length: 24 }, (_, index) => index + 1))(
    'all copies see one order, and know everything they knew (seed %i)',
    async (seed) => {
      let sink: SimulatedSink | undefined
      const workers = seed % 4 === 0 ? {} : { workers: seed % 4 }
      await simulate(
        (world) => {
          sink = world.sink()
          return job(world, sink, seed % 2 === 0)
        },
        { seed, ...workers },
      )
      const visible = (sink as unknown as SimulatedSink).visible.map(({ value }) => value as { count: number; seen: Seen })
      const names = ['a', 'b', 'c'].flatMap((partition) => Array.from({ length: RECORDS }, (_, index) => `${partition}${index}`))
      expect(visible.map(({ seen }) => seen.name).toSorted()).toEqual(names.toSorted())
      expect(visible.every(({ count }) => count === 1)).toBe(true)
      const longest = visible.map(({ seen }) => seen.known).toSorted((a, b) => b.length - a.length)[0] as readonly string[]
      // Each copy was the beginning of one list, in which the order of each sender is kept and nothing is twice.
      for (const { seen } of visible) expect(seen.known).toEqual(longest.slice(0, seen.known.length))
      for (const sender of ['x', 'y']) {
        const its = longest.filter((word) => word.startsWith(sender))
        expect(its).toEqual(Array.from({ length: its.length }, (_, index) => `${sender}${index}`))
      }
    },
  )
})
