import type { Output } from '@malstrom/core'
import { defineJob, type Stream } from '@malstrom/operators'
import { type SimulatedSink, type SimulatedWorld, simulate } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'

const SEEDS = 9
/** A partition that is far ahead of the others, which therefore hold the frontier. */
const AHEAD = 100_000
const AHEAD_NAMES = ['a', 'b', 'c']
const BEHIND = 'f'
/** So many that rescales are done while they are read; of those that are ahead, only some have as many. */
const RECORDS = 150
const countOf = (name: string) => (name === 'a' ? RECORDS / 6 : RECORDS)
/** Nothing happens but rescales. */
const QUIET = { crashes: 0, cuts: 0, ambiguousWrites: 0, failedWrites: 0 }

/** Fails the job if a record comes at or behind an epoch that has come before it. */
function epochLaw() {
  let frontier = Number.NEGATIVE_INFINITY
  return {
    onData(value: string, output: Output<string, string, number>, key: string, timestamp: number) {
      if (timestamp <= frontier) throw new Error(`a record at ${timestamp} comes after Epoch(${frontier})`)
      output.emit(value, key, timestamp)
    },
    onEpoch(epoch: number) {
      frontier = epoch
    },
  }
}

const recordsOf = (name: string, count: number, from: number) =>
  Array.from({ length: count }, (_, index) => ({ value: `${name}${index}`, timestamp: from + index * 3 }))

/** What is put between sources and the exchange whose frontier is looked at. */
type Build = (records: Stream<string, number>, other: Stream<string, number>) => Stream<string, number>

const passed = (stream: Stream<string, number>) =>
  stream.statelessOp<string>('pass', (value, output, key, timestamp) => output.emit(value, key, timestamp))

function discarded(other: Stream<string, number>, stream: Stream<string, number>): Stream<string, number> {
  other.discard('other end')
  return stream
}

const shapes: readonly [string, Build][] = [
  ['a source alone', (records, other) => discarded(other, records)],
  ['a union of two sources', (records, other) => records.union(other)],
  ['a custom operator behind a source', (records, other) => discarded(other, passed(records))],
  [
    'a broadcast to records that have been through no exchange',
    (records, other) => records.broadcast('apply', other, { init: () => 0, onControl: (n) => n + 1, onData: (_n, value) => value }),
  ],
  [
    'a union with records that have been through an exchange',
    (records, other) => records.union(other.keyDistribute('first', (value) => value).unkey('no key')),
  ],
  [
    'a custom operator behind such a union',
    (records, other) => passed(records.union(other.keyDistribute('first', (value) => value).unkey('no key'))),
  ],
]

async function run(build: Build, seed: number) {
  let sink: SimulatedSink | undefined
  const { rescaled } = await simulate(
    (world: SimulatedWorld) => {
      // Wherever the one that is behind goes, others are there that are ahead.
      const ahead = Object.fromEntries(AHEAD_NAMES.map((name) => [name, recordsOf(name, countOf(name), AHEAD)]))
      const partitions = { ...ahead, [BEHIND]: recordsOf(BEHIND, RECORDS, 1) }
      const records = world.source(partitions)
      const other = world.source({ x: recordsOf('x', 5, AHEAD), y: recordsOf('y', 5, AHEAD) })
      const written = world.sink()
      sink = written
      const epochs = { epochs: (_value: string, timestamp: number) => timestamp }
      return defineJob({
        name: 'frontiers',
        module: import.meta.url,
        build(flow) {
          const stream = build(flow.source('records', records, epochs).onTime, flow.source('other', other, epochs).onTime)
          stream
            .keyDistribute('by name', (value) => value.slice(0, 1))
            .statelessOp('law', epochLaw())
            .sink('out', written)
        },
      })
    },
    {
      seed,
      workers: 2 + (seed % 3),
      // To one, where all come together, and back.
      rescaleTo: [1, 3],
      faults: QUIET,
    },
  )
  const visible = (sink as unknown as SimulatedSink).visible.map(({ value }) => value as string)
  const names = [...AHEAD_NAMES, BEHIND].flatMap((name) => Array.from({ length: countOf(name) }, (_, index) => `${name}${index}`))
  return { rescaled, visible: visible.filter((value) => !/^[xy]/.test(value)).toSorted(), expected: names.toSorted() }
}

describe('a partition that is behind and moves to a worker that is ahead', () => {
  it.each(shapes)('overtakes no epoch behind the next exchange: %s', async (_what, build) => {
    let rescales = 0
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { visible, expected, rescaled } = await run(build, seed)
      expect([seed, visible]).toEqual([seed, expected])
      rescales += rescaled
    }
    expect(rescales).toBeGreaterThan(2)
  })
})
