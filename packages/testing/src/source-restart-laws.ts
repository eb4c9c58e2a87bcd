import type { Key } from '@malstrom/core'
import fc from 'fast-check'
import { expect } from 'vitest'
import { cutPositions, propertySettings } from './external-system.ts'
import type { Law } from './law.ts'
import { type SourceBench, withSource } from './source-reader.ts'
import type { ExpectedPartition, SourceSuiteOptions } from './source-suite-options.ts'

const CUTS_MAX = 50

/** What a source must keep when it is stopped and opened again from a snapshot. */
export function sourceRestartLawsOf<V, T, P extends Key, S, W>(options: SourceSuiteOptions<V, T, P, S, W>): Law[] {
  const { expected, finishes = true } = options
  const forEachPartition = (check: (bench: SourceBench<V, T, P, S, W>, expected: ExpectedPartition<V, T, P>) => Promise<void>) => () =>
    withSource(options, async (bench) => {
      for (const expectedPartition of expected) await check(bench, expectedPartition)
    })
  return [
    {
      name: 'wherever reading is cut, reopening goes on with the next record',
      check: forEachPartition(async (bench, { partition, records }) => {
        for (const cut of cutPositions(records.length, CUTS_MAX)) {
          const first = await bench.open(partition)
          await first.readTo(cut)
          const state = first.snapshot()
          await first.close()
          const second = await bench.open(partition, state)
          await second.readToEnd(records.length - cut, finishes)
          await second.close()
          expect(second.records, `the records after a cut at ${cut}`).toEqual(records.slice(cut))
        }
      }),
    },
    {
      name: 'a partition that was read to its end has nothing more when it is reopened',
      check: forEachPartition(async (bench, { partition, records }) => {
        const first = await bench.open(partition)
        await first.readToEnd(records.length, finishes)
        const state = first.snapshot()
        await first.close()
        const second = await bench.open(partition, state)
        await second.readToEnd(0, finishes)
        expect(second.records).toEqual([])
      }),
    },
    {
      name: 'a snapshot does not change when reading goes on',
      check: forEachPartition(async (bench, { partition, records }) => {
        const reader = await bench.open(partition)
        await reader.readTo(Math.min(1, records.length))
        const state = reader.partition.snapshot()
        const asItWas = fc.stringify(state)
        await reader.readToEnd(records.length, finishes)
        expect(fc.stringify(state)).toBe(asItWas)
      }),
    },
    {
      name: 'what is read after a snapshot is read again after a crash, committed or not',
      check: forEachPartition(async (bench, { partition, records }) => {
        let state: S | undefined
        let position = 0
        let version = 0
        for (const cut of cutPositions(records.length, CUTS_MAX)) {
          const reader = await bench.open(partition, state)
          await reader.readTo(cut - position)
          state = reader.snapshot()
          await reader.readTo(records.length - position)
          reader.partition.committed?.(++version)
          await reader.close()
          expect(reader.records, `the records after a snapshot at ${position}`).toEqual(records.slice(position))
          position = cut
        }
      }),
    },
    {
      name: 'any schedule of polls, snapshots, commits, moves and crashes reads every record as if it were read once',
      check: async () => {
        const index = fc.nat({ max: expected.length - 1 })
        const steps = fc.array(stepArbitrary, { maxLength: 20, size: 'max' })
        const property = fc.asyncProperty(index, steps, (index, steps) =>
          withSource(options, (bench) => runSchedule(bench, expected[index] as ExpectedPartition<V, T, P>, steps, finishes)),
        )
        await fc.assert(property, propertySettings(options))
      },
    },
  ]
}

type Step = { readonly poll: number } | 'snapshot' | 'committed' | 'lost snapshot' | 'move' | 'crash'

const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ poll: fc.integer({ min: 1, max: 5 }) }),
  fc.constantFrom<Step>('snapshot', 'committed', 'lost snapshot', 'move', 'crash'),
)

/**
 * Does what a job may do to one partition. A crash goes back to the last snapshot that became durable,
 * and so do the records that count.
 */
async function runSchedule<V, T, P extends Key, S, W>(
  bench: SourceBench<V, T, P, S, W>,
  { partition, records }: ExpectedPartition<V, T, P>,
  steps: readonly Step[],
  finishes: boolean,
): Promise<void> {
  let version = 0
  let durable: { readonly state: S | undefined; readonly count: number } = { state: undefined, count: 0 }
  let start = 0
  let reader = await bench.open(partition)
  let hasSnapshot = false
  const snapshot = () => {
    version++
    return { state: reader.snapshot(), count: start + reader.records.length }
  }
  const reopen = async () => {
    await reader.close()
    start = durable.count
    hasSnapshot = false
    reader = await bench.open(partition, durable.state)
  }
  for (const step of steps) {
    if (typeof step === 'object') {
      await reader.readTo(Math.min(reader.records.length + step.poll, records.length - start), step.poll)
    } else if (step === 'snapshot') {
      durable = snapshot()
      hasSnapshot = true
    } else if (step === 'committed') {
      if (hasSnapshot) reader.partition.committed?.(version)
    } else {
      if (step === 'move') durable = snapshot()
      if (step === 'lost snapshot') snapshot()
      await reopen()
    }
    expect(reader.records).toEqual(records.slice(start, start + reader.records.length))
  }
  await reader.readToEnd(records.length - start, finishes)
  expect(reader.records).toEqual(records.slice(start))
}
