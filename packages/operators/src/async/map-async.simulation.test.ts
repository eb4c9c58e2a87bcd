import { defineJob } from '@malstrom/operators'
import { type SimulatedSink, simulate } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'

const PARTITIONS = ['a', 'b', 'c']
const RECORDS = 40

/** Fails the job if a record comes at or behind an epoch. */
function epochLaw() {
  let frontier = Number.NEGATIVE_INFINITY
  return {
    onData(value: string, output: { emit(value: string, key: string, timestamp: number): void }, key: string, timestamp: number) {
      if (timestamp <= frontier) throw new Error(`a record at ${timestamp} comes after Epoch(${frontier})`)
      output.emit(value, key, timestamp)
    },
    onEpoch(epoch: number) {
      frontier = Math.max(frontier, epoch)
    },
  }
}

/** Calls in front of an exchange and behind it, in a world of crashes; returns what is visible at the end. */
async function run(seed: number, workers: number | undefined, rescales: number) {
  let sink: SimulatedSink | undefined
  let calls = 0
  const capacity = 1 + (seed % 7)
  const ordered = seed % 2 === 0
  const result = await simulate(
    (world) => {
      const records = (partition: string) =>
        Array.from({ length: RECORDS }, (_, index) => ({ value: `${partition}${index}`, timestamp: index * 3 + 1 }))
      const source = world.source(Object.fromEntries(PARTITIONS.map((partition) => [partition, records(partition)])))
      const written = world.sink()
      sink = written
      const call = async <V>(value: V, attempt: number) => {
        calls++
        await world.call(30)
        if (calls % 13 === 0 && attempt < 3) throw new Error('busy')
        return value
      }
      const options = { ordered, capacity, timeoutMs: 25, retries: { attempts: 50, backOffMs: 1, factor: 1 } }
      return defineJob({
        name: 'calls',
        module: import.meta.url,
        build: (flow) =>
          flow
            .source('records', source, { epochs: (_value, timestamp) => timestamp })
            .onTime.mapAsync('first', (value, _timestamp, { attempt }) => call(value, attempt), options)
            .keyDistribute('by-partition', (value) => value.slice(0, 1))
            .mapAsync('second', (value, _key, _timestamp, { attempt }) => call(value, attempt), options)
            .statelessOp('law', epochLaw())
            .sink('out', written),
      })
    },
    { seed, rescales, ...(workers === undefined ? {} : { workers }) },
  )
  const visible = (sink as unknown as SimulatedSink).visible.map(({ value }) => value as string)
  return { ...result, visible, ordered, calls }
}

const expected = PARTITIONS.flatMap((partition) => Array.from({ length: RECORDS }, (_, index) => `${partition}${index}`))

describe('mapAsync in a world of crashes', () => {
  it.each(Array.from({ length: 12 }, (_, index) => index + 1))('loses and doubles nothing in one process (seed %i)', async (seed) => {
    const { visible, ordered, calls } = await run(seed, undefined, 0)
    expect(visible.toSorted()).toEqual(expected.toSorted())
    expect(calls).toBeGreaterThanOrEqual(2 * expected.length)
    if (!ordered) return
    for (const partition of PARTITIONS) {
      expect(visible.filter((value) => value.startsWith(partition))).toEqual(expected.filter((value) => value.startsWith(partition)))
    }
  })

  it.each(Array.from({ length: 18 }, (_, index) => index + 1))(
    'loses and doubles nothing on several workers, with rescales (seed %i)',
    async (seed) => {
      const { visible } = await run(seed, 1 + (seed % 3), 3)
      expect(visible.toSorted()).toEqual(expected.toSorted())
    },
  )
})
