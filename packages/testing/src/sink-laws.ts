import { type Key, sameKey } from '@malstrom/core'
import fc from 'fast-check'
import { expect } from 'vitest'
import { cutPositions } from './external-system.ts'
import { type Law, must } from './law.ts'
import { sinkCrashLawsOf } from './sink-crash-laws.ts'
import type { SinkSuiteOptions } from './sink-suite-options.ts'
import { partitionOf, type SinkBench, withSink } from './sink-writer.ts'

const CUTS_MAX = 20
/** How much is written to saturate a partition. One that takes more is taken to be bounded in another way. */
const SATURATING_WRITES_MAX = 10_000

/** The laws as plain checks. */
export function sinkLawsOf<V, K, T, P extends Key, S, W>(options: SinkSuiteOptions<V, K, T, P, S, W>): Law[] {
  return [...writingLaws(options), ...lifeLaws(options), ...sinkCrashLawsOf(options)]
}

function writingLaws<V, K, T, P extends Key, S, W>(options: SinkSuiteOptions<V, K, T, P, S, W>): Law[] {
  const { records } = options
  const half = Math.ceil(records.length / 2)
  return [
    law(options, 'partitionOf is pure', async (bench) => {
      const [sink, other] = [await bench.create(), await bench.create()]
      for (const record of records) {
        const asItWas = fc.stringify(record)
        const partition = partitionOf(sink, record)
        for (const again of [sink, other]) {
          must(sameKey(partitionOf(again, record), partition), `A record of ${fc.stringify(partition)} got another partition.`)
        }
        expect(fc.stringify(record)).toBe(asItWas)
      }
    }),
    law(options, 'what was written, flushed and committed can be read, in order, before and after close', async (bench) => {
      const writer = await bench.start()
      await writer.write(records)
      await writer.checkpoint(1)
      await bench.expectReadable(records, 'before close')
      await writer.close()
      await bench.expectReadable(records, 'after close')
    }),
    law(options, 'a flush ends saturation', async (bench) => {
      const writer = await bench.start()
      for (const record of records) {
        const partition = await writer.partitionFor(record)
        for (let i = 0; i < SATURATING_WRITES_MAX && !partition.saturated; i++) partition.write(record.value, record.key, record.timestamp)
        await writer.flushPartition(partition)
        must(!partition.saturated, 'A partition is still saturated after flush().')
      }
    }),
    law(options, 'what is written while a flush is under way is kept', async (bench) => {
      const writer = await bench.start()
      await writer.write(records.slice(0, half))
      const flushing = Promise.all(writer.partitions.map((partition) => writer.flushPartition(partition)))
      for (const record of records.slice(half)) {
        const partition = await writer.partitionFor(record)
        if (partition.saturated) await flushing
        partition.write(record.value, record.key, record.timestamp)
      }
      await flushing
      await writer.checkpoint(1)
      await bench.expectReadable(records, 'after a second flush')
    }),
  ]
}

function lifeLaws<V, K, T, P extends Key, S, W>(options: SinkSuiteOptions<V, K, T, P, S, W>): Law[] {
  const { records } = options
  return [
    {
      name: 'wherever writing is cut, reopening from the snapshot goes on',
      async check() {
        for (const cut of cutPositions(records.length, CUTS_MAX)) {
          await withSink(options, async (bench) => {
            const first = await bench.start()
            await first.write(records.slice(0, cut))
            const durable = await first.checkpoint(1)
            await first.close()
            const second = await bench.start(durable)
            await second.write(records.slice(cut))
            await second.checkpoint(2)
            await second.close()
            await bench.expectReadable(records, `after a restart at ${cut}`)
          })
        }
      },
    },
    law(options, 'a snapshot does not change when writing goes on', async (bench) => {
      const writer = await bench.start()
      await writer.write(records)
      await writer.flush()
      const states = writer.partitions.map((partition) => partition.snapshot(1))
      const asTheyWere = fc.stringify(states)
      await writer.commit(1)
      await writer.write(records)
      await writer.checkpoint(2)
      expect(fc.stringify(states)).toBe(asTheyWere)
    }),
    law(options, 'a partition that nothing was written to can be flushed, saved, committed and closed', async (bench) => {
      const first = await bench.start()
      for (const record of records) await first.partitionFor(record)
      const durable = await first.checkpoint(1)
      await first.close()
      const second = await bench.start(durable)
      await second.checkpoint(2)
      await second.close()
      await bench.expectReadable([], 'when nothing was written')
    }),
    law(options, 'close may be called twice, also with something left in the buffer', async (bench) => {
      const writer = await bench.start()
      await writer.write(records)
      await writer.close()
      await writer.close()
    }),
  ]
}

function law<V, K, T, P extends Key, S, W>(
  options: SinkSuiteOptions<V, K, T, P, S, W>,
  name: string,
  check: (bench: SinkBench<V, K, T, P, S, W>) => Promise<void>,
): Law {
  return { name, check: () => withSink(options, check) }
}
