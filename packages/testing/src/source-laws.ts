import { checkKey, isTimestamp, type Key, sameKey } from '@malstrom/core'
import fc from 'fast-check'
import { expect } from 'vitest'
import { turns } from './event-loop.ts'
import { type Law, must } from './law.ts'
import type { SourceRecord } from './recording-output.ts'
import { type PartitionReader, type SourceBench, withSource } from './source-reader.ts'
import { sourceRestartLawsOf } from './source-restart-laws.ts'
import type { ExpectedPartition, SourceSuiteOptions } from './source-suite-options.ts'

const LIMITS = [1, 2, 3, 7, 1_024]
/** How often `ready()` may resolve without a record to follow, one after the other. */
const SPURIOUS_WAKEUPS_MAX = 100

/** The laws as plain checks. */
export function sourceLawsOf<V, T, P extends Key, S, W>(options: SourceSuiteOptions<V, T, P, S, W>): Law[] {
  return [
    ...readingLaws(options),
    ...waitingLaws(options),
    ...sourceRestartLawsOf(options),
    law(options, 'close may be called early, twice, and while ready() is pending', async (bench) => {
      for (const { partition, records } of options.expected) {
        await checkClose(await bench.open(partition), await bench.open(partition), records.length, options.finishes ?? true)
      }
    }),
  ]
}

function readingLaws<V, T, P extends Key, S, W>(options: SourceSuiteOptions<V, T, P, S, W>): Law[] {
  const { expected, finishes = true } = options
  const readAll = async (
    bench: SourceBench<V, T, P, S, W>,
    use: (reader: PartitionReader<V, T, S>, records: ExpectedPartition<V, T, P>) => void,
  ) => {
    for (const expectedPartition of expected) {
      for (const limit of LIMITS) {
        const reader = await bench.open(expectedPartition.partition)
        await reader.readToEnd(expectedPartition.records.length, finishes, limit)
        await reader.close()
        use(reader, expectedPartition)
      }
    }
  }
  return [
    law(options, 'listPartitions answers the same partitions every time', async (bench) => {
      const source = await bench.create()
      for (const from of [source, source, await bench.create()]) expectPartitions(await from.listPartitions(), expected)
    }),
    law(options, 'every record is emitted once and in order, at any limit', async (bench) => {
      await readAll(bench, (reader, { records }) => expect(reader.records).toEqual(records))
    }),
    law(options, 'every timestamp is one of the algebra of the source', async (bench) => {
      const { time } = await bench.create()
      await readAll(bench, ({ records }) => {
        for (const { timestamp } of records) must(isTimestamp(time, timestamp), `${fc.stringify(timestamp)} is no timestamp of the source.`)
      })
    }),
    law(options, 'poll emits no more than its limit', async (bench) => {
      await readAll(bench, (reader) => mustBeFlawless(reader.output.overLimit))
    }),
    law(options, 'nothing is emitted but during poll', async (bench) => {
      await readAll(bench, (reader) => mustBeFlawless(reader.output.outsidePoll))
    }),
    law(options, 'emitAll or emitIndexed comes once per poll, without emit, with arrays that fit and stay as they are', async (bench) => {
      await readAll(bench, (reader) => mustBeFlawless(reader.output.badBatches))
    }),
    law(options, 'partitions are read independently of each other', async (bench) => {
      const source = await bench.create()
      const readers: PartitionReader<V, T, S>[] = []
      for (const { partition } of expected) readers.push(await bench.open(partition, undefined, source))
      const longest = Math.max(...expected.map(({ records }) => records.length))
      for (let count = 1; count <= longest; count++) {
        for (const [index, reader] of readers.entries()) await reader.readTo(Math.min(count, expected[index]?.records.length ?? 0))
      }
      expect(readers.map(({ records }) => records)).toEqual(expected.map(({ records }) => records))
    }),
  ]
}

function waitingLaws<V, T, P extends Key, S, W>(options: SourceSuiteOptions<V, T, P, S, W>): Law[] {
  const { expected, finishes = true, append } = options
  const ready = law(options, 'ready() resolves after idle while records follow', async (bench) => {
    for (const { partition, records } of expected) {
      const reader = await bench.open(partition)
      await reader.readTo(records.length, 1)
      expect(reader.records.length).toBe(records.length)
    }
  })
  if (finishes) return [ready]
  const waits = law(options, 'ready() waits while there is nothing to read', async (bench) => {
    for (const { partition, records } of expected) {
      const reader = await bench.open(partition)
      must(
        (await wakeUps(reader, records.length)) < SPURIOUS_WAKEUPS_MAX,
        `ready() resolved ${SPURIOUS_WAKEUPS_MAX} times in a row without a record to read: an idle job would be busy.`,
      )
    }
  })
  if (append === undefined) return [ready, waits]
  const wakes = law(options, 'a record that appears while the source is idle wakes it', async (bench) => {
    for (const { partition, records } of expected) {
      const reader = await bench.open(partition)
      await reader.readToEnd(records.length, false)
      const read: SourceRecord<V, T>[] = [...records]
      // Twice, because a source that only ever wakes once passes the first time.
      for (let i = 0; i < 2; i++) {
        const ready = reader.ready()
        const [record] = await Promise.all([bench.append(partition), ready])
        read.push(record)
        await reader.readToEnd(read.length, false)
        expect(reader.records).toEqual(read)
      }
    }
  })
  return [ready, waits, wakes]
}

/** How many times `ready()` resolves without need before it waits. */
async function wakeUps<V, T, S>(reader: PartitionReader<V, T, S>, count: number): Promise<number> {
  for (let wakeUps = 0; wakeUps < SPURIOUS_WAKEUPS_MAX; wakeUps++) {
    await reader.readToEnd(count, false)
    let isReady = false
    reader.partition.ready().then(() => {
      isReady = true
    }, ignoreEnd)
    await turns(2)
    if (!isReady) return wakeUps
  }
  return SPURIOUS_WAKEUPS_MAX
}

async function checkClose<V, T, S>(unread: PartitionReader<V, T, S>, read: PartitionReader<V, T, S>, count: number, finishes: boolean) {
  await unread.close()
  await unread.close()
  if (finishes) read.poll(1)
  else {
    await read.readToEnd(count, false)
    read.partition.ready().catch(ignoreEnd)
  }
  await read.close()
  await read.close()
}

/** `close` may end a pending `ready()` with a rejection. */
function ignoreEnd(): void {}

function mustBeFlawless(flaws: readonly string[]): void {
  must(flaws.length === 0, flaws[0] ?? '')
}

function expectPartitions<V, T, P extends Key>(partitions: readonly P[], expected: readonly ExpectedPartition<V, T, P>[]): void {
  for (const partition of partitions) checkKey(partition)
  const hasAll = expected.every(({ partition }) => partitions.filter((other) => sameKey(other, partition)).length === 1)
  const names = expected.map(({ partition }) => partition)
  must(hasAll && partitions.length === names.length, `The partitions are ${fc.stringify(partitions)}, expected are ${fc.stringify(names)}.`)
}

function law<V, T, P extends Key, S, W>(
  options: SourceSuiteOptions<V, T, P, S, W>,
  name: string,
  check: (bench: SourceBench<V, T, P, S, W>) => Promise<void>,
): Law {
  return { name, check: () => withSource(options, check) }
}
