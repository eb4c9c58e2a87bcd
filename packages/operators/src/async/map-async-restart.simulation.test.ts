import type { KeyedState, Output } from '@malstrom/core'
import { defineJob, global } from '@malstrom/operators'
import { type SimulatedSink, type SimulationResult, simulate } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'

const SEEDS = 8
const PARTITIONS = ['a', 'b', 'c']
const RECORDS = 5
/** Most records have calls that take longer than the sources: what is left when the sources have ended is in a snapshot. */
const CALL_MS_MAX = 300
const LAST_WORD = 'end'

/** Fails the job if anything comes behind an epoch. */
function epochLaw() {
  let frontier = Number.NEGATIVE_INFINITY
  return {
    onData(value: string, output: Out, key: string, timestamp: number) {
      if (timestamp <= frontier) throw new Error(`a record at ${timestamp} comes after Epoch(${frontier})`)
      output.emit(value, key, timestamp)
    },
    onEpoch(epoch: number) {
      frontier = epoch
    },
  }
}

interface Out {
  emit(value: string, key: string, timestamp: number): void
}

/** Fails the job if an operator that has been told of the end is told again, also after a restart. */
const endsOnce = () => ({
  init: () => ({ ended: false }),
  onData(value: string, state: { ended: boolean }, output: Out, key: string, timestamp: number) {
    output.emit(value, key, timestamp)
    return state
  },
  onEpoch(epoch: number, states: KeyedState<string, { ended: boolean }>) {
    if (epoch < Number.POSITIVE_INFINITY) return
    for (const [key, { ended }] of states) {
      if (ended) throw new Error('the end comes twice')
      states.set(key, { ended: true })
    }
  },
})

/** The same for a stream without keys, whose operator has said its last word. */
const lastWord = () => ({
  onData: (value: string, output: Pick<Output<string, undefined, number>, 'emit'>, key: undefined, timestamp: number) =>
    output.emit(value, key, timestamp),
  onEpoch(epoch: number, output: Pick<Output<string, undefined, number>, 'emit'>) {
    if (epoch === Number.POSITIVE_INFINITY) output.emit(LAST_WORD, undefined, epoch)
  },
})

type Place = 'with its source' | 'behind a union' | 'behind an exchange'

/** Restarts a job with calls under way, with other workers than it had before. */
async function run(place: Place, seed: number, workersOfStarts: readonly (number | undefined)[]) {
  let sink: SimulatedSink | undefined
  const result: SimulationResult = await simulate(
    (world) => {
      const records = (partition: string) =>
        Array.from({ length: RECORDS }, (_, index) => ({ value: `${partition}${index}`, timestamp: index * 3 + 1 }))
      const sourceOf = (names: readonly string[]) => world.source(Object.fromEntries(names.map((name) => [name, records(name)])))
      const first = sourceOf(PARTITIONS)
      const second = sourceOf(['d'])
      const written = world.sink()
      sink = written
      const call = async (value: string) => {
        await world.call(CALL_MS_MAX)
        return value
      }
      const options = { ordered: seed % 2 === 0, capacity: 40 }
      const epochs = { epochs: (_value: string, timestamp: number) => timestamp }
      return defineJob({
        name: 'calls',
        module: import.meta.url,
        build(flow) {
          const all = flow.source('first', first, epochs).onTime
          const keyOf = (value: string) => value.slice(0, 1)
          const called =
            place === 'with its source'
              ? all.statelessOp('last word', lastWord()).mapAsync('call', call, options).keyDistribute('key', keyOf)
              : place === 'behind a union'
                ? all
                    .union(flow.source('second', second, epochs).onTime)
                    .mapAsync('call', call, options)
                    .keyDistribute('key', keyOf)
                : all.keyDistribute('key', keyOf).process('ends before', endsOnce()).mapAsync('call', call, options)
          called
            .filter('words', (value) => value !== LAST_WORD)
            .statelessOp('law', epochLaw())
            .window(global())
            .process('all', (values) => [...values].sort())
            .sink('out', written)
        },
      })
    },
    { seed, workersOfStarts, rescales: 0, faults: { crashes: 4, zombies: 0, cuts: 0, ambiguousWrites: 0, failedWrites: 0 } },
  )
  const names = place === 'behind a union' ? [...PARTITIONS, 'd'] : PARTITIONS
  const visible = (sink as unknown as SimulatedSink).visible.map(({ value }) => value as string[])
  return {
    result,
    visible: visible.flat().sort(),
    expected: names.flatMap((name) => Array.from({ length: RECORDS }, (_, i) => `${name}${i}`)),
  }
}

describe('a job with calls under way that starts again with other workers', () => {
  for (const place of ['with its source', 'behind a union', 'behind an exchange'] as const) {
    it.each([
      { what: 'several in place of one process', starts: [undefined, 3] },
      { what: 'one process in place of several', starts: [3, undefined] },
      { what: 'fewer and more', starts: [3, 2, 4, undefined, 1] },
    ])(`does not end before they do, $what (calls ${place})`, async ({ starts }) => {
      let restarted = 0
      for (let seed = 1; seed <= SEEDS; seed++) {
        const { visible, expected, result } = await run(place, seed, starts)
        expect([seed, visible]).toEqual([seed, expected])
        if (result.processes > 1) restarted++
      }
      expect(restarted).toBeGreaterThan(SEEDS / 3)
    })
  }
})
