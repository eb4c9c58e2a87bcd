import type { KeyedStream, OnError, Table } from '@malstrom/operators'
import {
  type ExpireMap,
  everyCount,
  fromIterable,
  global,
  limitOutOfOrderness,
  processingTime,
  session,
  sliding,
  tumbling,
} from '@malstrom/operators'
import { type Collect, errorOf, inBothForms } from '@malstrom/testing'
import fc from 'fast-check'
import { describe, expect } from 'vitest'

interface Rec {
  readonly n: number
  readonly key: string
  readonly at: number
}

type Records = KeyedStream<string, Rec, number>
// biome-ignore lint/suspicious/noExplicitAny: streams, tables, with dead letters or without
type Any = any

const isPoison = ({ n }: Rec) => n % 5 === 3

function ok(record: Rec): number {
  if (isPoison(record)) throw new TypeError('poison')
  return record.n
}

const sums = {
  init: () => 0,
  add: (sum: number, record: Rec) => sum + ok(record),
  emit: (sum: number, { start, end }: { start: unknown; end: unknown }) => `${String(start)}-${String(end)}: ${sum}`,
}
/** Says nothing of the moment. */
const plainSums = { init: () => 0, add: sums.add, merge: (a: number, b: number) => a + b }
const mergedSums = { ...sums, merge: (a: number, b: number) => a + b }
const changes = (table: Any): Any => (table as Table<string, unknown, number>).changes()

/** Operators whose functions see every record. */
const operators: Readonly<Record<string, (records: Records, options: { onError: OnError }) => Any>> = {
  inspect: (s, o) => s.inspect('op', ok, o),
  ttlMap: (s, o) =>
    s.ttlMap(
      'op',
      (entries: ExpireMap<number, number, number>, record, _key, at) => [ok(record) + entries.size, entries.set(record.n, 1, at + 7)],
      o,
    ),
  sum: (s, o) => s.sum('op', ok, o),
  'sum with ttl': (s, o) => s.sum('op', ok, { ttl: 6, ...o }),
  average: (s, o) => s.average('op', ok, o),
  min: (s, o) => s.min('op', ok, o),
  max: (s, o) => s.max('op', ok, o),
  distinct: (s, o) => s.distinct('op', { by: ok, ...o }),
  'deduplicate with ttl': (s, o) => s.deduplicate('op', { by: ok, ttl: 6, ...o }),
  topN: (s, o) => s.topN('op', 2, ok, o),
  'sum of a table': (s, o) => s.rows('rows').sum('op', ok, o),
  'average of a table': (s, o) => s.rows('rows').average('op', ok, o),
  'max of a table': (s, o) => s.rows('rows').max('op', ok, o),
  'topN of a table': (s, o) => s.rows('rows').topN('op', 2, ok, o),
  'map of a table': (s, o) => s.rows('rows').map('op', ok, o),
  'filter of a table': (s, o) => s.rows('rows').filter('op', (record) => ok(record) > 4, o),
  'groupBy of a table': (s, o) => s.rows('rows').groupBy('op', (record) => `group ${ok(record) % 3}`, o),
  'tumbling windows': (s, o) => s.window(tumbling(10)).aggregate('op', sums, o),
  'sliding windows of slices': (s, o) => s.window(sliding({ size: 12, slide: 4 })).aggregate('op', mergedSums, o),
  'sliding windows each': (s, o) => s.window(sliding({ size: 12, slide: 4 })).aggregate('op', sums, o),
  'session windows': (s, o) => s.window(session({ gap: 4 })).aggregate('op', mergedSums, o),
  'windows that fire early': (s, o) => s.window(tumbling(20)).trigger(everyCount(2)).aggregate('op', sums, o),
  'sums of windows': (s, o) => s.window(tumbling(10)).sum('op', ok, o),
  'averages of windows': (s, o) => s.window(tumbling(10)).average('op', ok, o),
  'minima of windows': (s, o) => s.window(tumbling(10)).min('op', ok, o),
  'top of windows': (s, o) => s.window(tumbling(10)).topN('op', 2, ok, o),
  'distinct records of windows': (s, o) => s.window(tumbling(10)).distinct('op', ok, o),
  'windows of processing time': (s, o) => s.window(processingTime(global())).aggregate('op', plainSums, o),
  'sessions of processing time that fire early': (s, o) =>
    s
      .window(processingTime(session({ gap: 1_000_000 })))
      .trigger(everyCount(2))
      .discarding()
      .aggregate('op', plainSums, o),
}

/** What an operator gives. `filtered`: without the records that are poison, in place of treating them. */
async function observe(collect: Collect, name: string, input: readonly Rec[], onError: OnError, filtered = false) {
  const { out, dead, status } = await collect((flow): Record<string, Any> => {
    const { onTime, late } = flow
      .source('in', fromIterable(input))
      .keyLocal('key', ({ key }) => key)
      .assignTimestamps('at', ({ at }) => at)
      .generateEpochs('epochs', limitOutOfOrderness(3))
    late.discard('late')
    const records = filtered ? onTime.filter('clean', (record) => !isPoison(record)) : onTime
    const result = operators[name]?.(records, { onError })
    const isOne = typeof result.map === 'function'
    const stream = isOne ? result : result.results
    const asStream = typeof stream.changes === 'function' ? changes(stream) : stream
    return onError === 'deadLetter' ? { out: asStream, dead: result.deadLetters } : { out: asStream }
  })
  return { out, dead, skipped: status.skipped }
}

const recordsOf = fc
  .array(fc.record({ n: fc.nat(24), key: fc.constantFrom('a', 'b'), at: fc.nat(12) }), { minLength: 6, maxLength: 30 })
  .map((records) =>
    // Time goes on, and some records come late.
    records.map(({ n, key, at }, index) => ({ n, key, at: index * 2 + at })),
  )

describe('records for which a function throws', () => {
  for (const name of Object.keys(operators)) {
    inBothForms(`leave what the others give as if they had not been there: ${name}`, async (collect) => {
      let failed = 0
      await fc.assert(
        fc.asyncProperty(recordsOf, async (records) => {
          const without = await observe(collect, name, records, 'fail', true)
          const skipped = await observe(collect, name, records, 'skip')
          const lettered = await observe(collect, name, records, 'deadLetter')
          for (const { out } of [skipped, lettered]) {
            expect(out?.records).toEqual(without.out?.records)
            // Between the same epochs.
            expect(out?.events).toEqual(without.out?.events)
          }
          expect(skipped.skipped).toBe(lettered.dead?.values.length)
          const letters: readonly Any[] = lettered.dead?.records ?? []
          for (const { value: letter, key, timestamp } of letters) {
            const record = letter.value?.diff === undefined ? letter.value : letter.value.value
            expect(isPoison(record)).toBe(true)
            expect([letter.key, letter.timestamp, letter.operator]).toEqual([record.key, record.at, 'op'])
            expect([key, timestamp]).toEqual([record.key, record.at])
            expect(letter.cause).toMatchObject({ name: 'TypeError', message: 'poison' })
          }
          expect(lettered.dead?.epochs.at(-1)).toBe(Number.POSITIVE_INFINITY)
          failed += skipped.skipped
        }),
        { numRuns: 12 },
      )
      expect(failed).toBeGreaterThan(2)
    })
  }

  inBothForms('fail the job by default, with the record they failed for', async (collect) => {
    for (const name of Object.keys(operators)) {
      const error = await errorOf(
        observe(
          collect,
          name,
          [
            { n: 1, key: 'a', at: 1 },
            { n: 8, key: 'a', at: 2 },
          ],
          'fail',
        ),
      )
      expect([name, error.code, error.context.operator]).toEqual([name, 'ERR_OPERATOR_FAILED', 'op'])
    }
  })
})
