import type { Key } from '@malstrom/core'
import fc from 'fast-check'
import { expect } from 'vitest'
import { propertySettings } from './external-system.ts'
import { type Law, must } from './law.ts'
import type { SinkSuiteOptions } from './sink-suite-options.ts'
import { type DurableSink, type SinkBench, withSink } from './sink-writer.ts'

/** What a sink must keep when a job crashes between any two of its steps, and is started again. */
export function sinkCrashLawsOf<V, K, T, P extends Key, S, W>(options: SinkSuiteOptions<V, K, T, P, S, W>): Law[] {
  const { records, delivery = 'at-least-once' } = options
  const half = Math.ceil(records.length / 2)
  const laws: Law[] = [
    {
      name: 'a commit may be repeated, also after a restart',
      check: () =>
        withSink(options, async (bench) => {
          const first = await bench.start()
          await first.write(records.slice(0, half))
          const durable = await first.checkpoint(1)
          await first.commit(1)
          await first.close()
          const second = await bench.start(durable)
          await second.commit(1)
          await second.write(records.slice(half))
          await second.checkpoint(2)
          await second.commit(2)
          await bench.expectReadable(records, 'after every commit was repeated')
        }),
    },
    {
      name: 'a snapshot that a crash left without its commit is committed by the restart',
      check: () =>
        withSink(options, async (bench) => {
          const first = await bench.start()
          await first.write(records)
          const durable = await first.prepare(1)
          await first.close()
          await bench.start(durable)
          await bench.expectReadable(records, 'after the restart')
        }),
    },
    {
      name: 'what was staged for a snapshot that was abandoned appears with the next one, once and in front',
      check: () => withSink(options, (bench) => checkAbandoned(bench, options)),
    },
    {
      name: `crashes at any time leave every record ${delivery === 'exactly-once' ? 'exactly' : 'at least'} once, in order`,
      check: async () => {
        const steps = fc.array(stepArbitrary(records.length), { maxLength: 20, size: 'max' })
        await fc.assert(
          fc.asyncProperty(steps, (steps) => withSink(options, (bench) => runSchedule(bench, options, steps))),
          propertySettings(options),
        )
      },
    },
  ]
  if (delivery === 'at-least-once') return laws
  return [
    ...laws,
    {
      name: 'nothing can be read before it is committed',
      check: () =>
        withSink(options, async (bench) => {
          const writer = await bench.start()
          await writer.write(records)
          must(
            writer.partitions.every((partition) => partition.commit !== undefined),
            'A sink without `commit` cannot deliver exactly once: after a crash its readers see records again.',
          )
          await writer.flush()
          await bench.expectReadable([], 'after flush')
          const { version } = await writer.prepare(1)
          await bench.expectReadable([], 'after snapshot')
          await writer.commit(version)
          await bench.expectReadable(records, 'after commit')
        }),
    },
  ]
}

/** Of a sink without `abandon` nothing is asked: its job goes back. */
async function checkAbandoned<V, K, T, P extends Key, S, W>(
  bench: SinkBench<V, K, T, P, S, W>,
  { records, delivery }: SinkSuiteOptions<V, K, T, P, S, W>,
): Promise<void> {
  const [third, twoThirds] = [Math.ceil(records.length / 3), Math.ceil((2 * records.length) / 3)]
  const first = await bench.start()
  await first.write(records.slice(0, third))
  await first.prepare(1)
  await first.write(records.slice(third, twoThirds))
  if (!first.abandon(1)) return
  await first.prepare(2)
  must(first.abandon(2), 'A partition keeps what was staged for one abandoned snapshot, and not for the next.')
  if (delivery === 'exactly-once') await bench.expectReadable([], 'after two snapshots were abandoned')
  const durable = await first.prepare(3)
  await first.close()
  const second = await bench.start(durable)
  await bench.expectReadable(records.slice(0, twoThirds), 'after the snapshot that came after them')
  await second.commit(3)
  await second.write(records.slice(twoThirds))
  await second.checkpoint(4)
  await bench.expectReadable(records, 'in the end')
}

type Step =
  | { readonly write: number }
  /** A snapshot that is abandoned when so many more were written. */
  | { readonly abandon: number }
  | 'flush'
  | 'checkpoint'
  | 'crash'
  | 'crash before the snapshot is durable'
  | 'crash before the commit'

function stepArbitrary(records: number): fc.Arbitrary<Step> {
  return fc.oneof(
    fc.record({ write: fc.integer({ min: 1, max: Math.max(1, Math.ceil(records / 3)) }) }),
    fc.record({ abandon: fc.integer({ min: 0, max: Math.max(1, Math.ceil(records / 3)) }) }),
    fc.constantFrom<Step>('flush', 'checkpoint', 'crash', 'crash before the snapshot is durable', 'crash before the commit'),
  )
}

/** Does what a job may do to its sink. A crash goes back to the last durable snapshot, and so does the input. */
async function runSchedule<V, K, T, P extends Key, S, W>(
  bench: SinkBench<V, K, T, P, S, W>,
  { records, delivery }: SinkSuiteOptions<V, K, T, P, S, W>,
  steps: readonly Step[],
): Promise<void> {
  let durable: DurableSink<P, S> = { version: 0, states: [] }
  let durableCount = 0
  /** The last version that this start has begun. */
  let begun = 0
  let count = 0
  let writer = await bench.start()
  const write = async (more: number) => {
    await writer.write(records.slice(count, count + more))
    count = Math.min(records.length, count + more)
  }
  const restart = async () => {
    await writer.close()
    writer = await bench.start(durable)
    count = durableCount
    begun = durable.version
  }
  for (const step of steps) {
    if (typeof step === 'object') {
      if ('write' in step) await write(step.write)
      else {
        await writer.prepare(++begun)
        await write(step.abandon)
        if (!writer.abandon(begun)) await restart()
      }
    } else if (step === 'flush') {
      await writer.flush()
    } else {
      if (step !== 'crash') {
        // A version that did not become durable is used again, because the next start knows nothing of it.
        const prepared = await writer.prepare(++begun)
        if (step !== 'crash before the snapshot is durable') {
          durable = prepared
          durableCount = count
        }
      }
      if (step === 'checkpoint') {
        await writer.commit(durable.version)
      } else await restart()
    }
  }
  await writer.write(records.slice(count))
  await writer.checkpoint(begun + 1)
  await writer.close()
  if (delivery === 'exactly-once') return await bench.expectReadable(records, 'in the end')
  const { read, expected } = await bench.readAndExpected(records)
  for (const [index, { partition, records: all }] of expected.entries()) {
    expect(inOrder(all, read[index]?.records ?? []), `the records of partition ${fc.stringify(partition)}`).toEqual(all)
  }
}

/** As much of `wanted` as occurs in `found`, one after the other; others may stand between. */
function inOrder(wanted: readonly unknown[], found: readonly unknown[]): unknown[] {
  const met: unknown[] = []
  for (const value of found) {
    if (met.length < wanted.length && isEqual(value, wanted[met.length])) met.push(value)
  }
  return met
}

function isEqual(a: unknown, b: unknown): boolean {
  return fc.stringify(a) === fc.stringify(b)
}
