import { readFileSync } from 'node:fs'
import { numberTime } from '@malstrom/core'
import {
  defineJob,
  discard,
  everyCount,
  type Flow,
  fromIterable,
  limitOutOfOrderness,
  session,
  sliding,
  tumbling,
} from '@malstrom/operators'
import { inBothForms, testJob, testSink, testSource } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'

// Where stream processors differ, the README says what is done here: each of its sentences with what it means.
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8').replace(/\s+/g, ' ')

function says(sentence: string): string {
  expect(readme).toContain(sentence)
  return sentence
}

const missing = () => {
  throw new Error('the real one is not opened')
}
const unopened = { time: numberTime, listPartitions: missing, openPartition: missing }

const count = { init: () => 0, add: (n: number) => n + 1, merge: (a: number, b: number) => a + b }

/** Numbers that are their own timestamps, of one key. */
const keyed = (flow: Flow, name: string, numbers: readonly number[], outOfOrder = 0) =>
  flow
    .source(name, fromIterable(numbers), { timestamp: (n) => n, epochs: limitOutOfOrderness(outOfOrder) })
    .onTime.keyDistribute(`${name} key`, () => 'k')

const seen = ({ records }: { records: readonly { value: unknown; timestamp: unknown }[] }) =>
  records.map(({ value, timestamp }) => [value, timestamp])

describe('windows', () => {
  inBothForms('are half-open, complete at the last timestamp before their end, and carry it', async (collect) => {
    says('Windows are half-open: `start` belongs to them, `end` does not.')
    says('A window is complete when the frontier reaches the last timestamp before its end, which its results carry')
    const { out } = await collect((flow) => ({ out: keyed(flow, 'in', [0, 9, 10]).window(tumbling(10)).aggregate('w', count) }))
    expect(out.events).toEqual(['E0', 2, 'E9', 'E10', 1, 'EInfinity'])
    expect(seen(out)).toEqual([
      [2, 9],
      [1, 19],
    ])
  })

  inBothForms('are complete at their end where times have no `before`', async (collect) => {
    says('Where times have no `before`, that is the end itself.')
    const { before: _, ...dense } = numberTime
    const { out } = await collect((flow) => {
      const { onTime, late } = flow
        .source('in', fromIterable([0, 9.5, 10]))
        .keyLocal('k', () => 'k')
        .assignTimestamps('t', (n) => n, dense)
        .generateEpochs('e', (_n, t) => t)
      late.discard('late')
      return { out: onTime.window(tumbling(10)).aggregate('w', count) }
    })
    expect(out.events).toEqual(['E0', 'E9.5', 2, 'E10', 1, 'EInfinity'])
    expect(out.records.map(({ timestamp }) => timestamp)).toEqual([10, 20])
  })

  inBothForms('of sessions whose distance equals the gap are one', async (collect) => {
    says('Sessions whose distance equals the gap are one.')
    const { out } = await collect((flow) => ({
      out: keyed(flow, 'in', [0, 5, 11])
        .window(session({ gap: 5 }))
        .aggregate('w', count),
    }))
    expect(seen(out)).toEqual([
      [2, 10],
      [1, 16],
    ])
  })

  it('call a record too late only if all its windows are past their end plus the lateness', async () => {
    says('A record is too late only if all its windows are past their end plus the lateness')
    const source = testSource<number, number>()
    const [out, tooLate] = [testSink<number, string>(), testSink<number, string>()]
    const job = defineJob({
      name: 'late',
      module: import.meta.url,
      build(flow) {
        const { onTime, late } = flow.source('in', unopened, { epochs: (_n: number, t: number) => t })
        const windowed = onTime
          .keyLocal('k', () => 'k')
          .window(sliding({ size: 10, slide: 5 }))
          .allowedLateness(
            5,
            late.keyLocal('late k', () => 'k'),
          )
          .aggregate('w', count)
        windowed.results.sink('out', discard())
        windowed.late.sink('too late', discard())
      },
    })
    await using test = await testJob(job, { sources: { in: source }, sinks: { out, 'too late': tooLate } })
    // The second 6 comes at 16, when [0, 10) is over and [5, 15) is kept until 19; of 4, both are over.
    for (const n of [6, 16, 6, 4]) {
      source.push(n, n)
      await test.settle()
    }
    await test.finish()
    expect(seen(out)).toEqual([
      [1, 9],
      [1, 14],
      [2, 14],
      [1, 19],
      [1, 24],
    ])
    expect(tooLate.records.map(({ value }) => value)).toEqual([4])
  })

  inBothForms('are accumulating, or discarding on request, and never fire without a record', async (collect) => {
    says('Windows are accumulating: a result tells of all records so far.')
    says('After `.discarding()` it tells of those since the result before.')
    says('A window never fires, early or at its end, without a record that has come since it fired last.')
    const { all, since } = await collect((flow) => {
      const windowed = (name: string) => keyed(flow, name, [1, 2, 3, 4]).window(tumbling(10)).trigger(everyCount(2))
      return { all: windowed('a').aggregate('w a', count), since: windowed('b').discarding().aggregate('w b', count) }
    })
    expect([all.values, since.values]).toEqual([
      [2, 4],
      [2, 2],
    ])
  })
})

describe('joins', () => {
  inBothForms('bound intervals inclusively, and each bound exclusively on request', async (collect) => {
    says('Both bounds of an interval are inclusive; `lowerInclusive: false` and `upperInclusive: false` exclude them.')
    const { both, lower, upper } = await collect((flow) => {
      const joined = (name: string, options: object) =>
        keyed(flow, `${name} l`, [10]).intervalJoin(
          name,
          keyed(flow, `${name} r`, [8, 9, 12]),
          { lower: -2, upper: 2, ...options },
          (_l, r) => r,
        )
      return {
        both: joined('both', {}),
        lower: joined('lower', { lowerInclusive: false }),
        upper: joined('upper', { upperInclusive: false }),
      }
    })
    expect([both, lower, upper].map(({ values }) => [...values].sort())).toEqual([
      [12, 8, 9],
      [12, 9],
      [8, 9],
    ])
  })

  inBothForms('emit a record alone when the frontier passes its last possible match', async (collect) => {
    says('A record of an interval join is emitted alone when the frontier passes its last possible match, at that time')
    const { out } = await collect((flow) => ({
      out: keyed(flow, 'l', [10, 11, 12, 13, 14]).intervalJoin(
        'j',
        keyed(flow, 'r', [14]),
        { lower: 0, upper: 2, type: 'left' },
        (l, r) => `${l}+${r ?? 'none'}`,
      ),
    }))
    const alone = out.records.filter(({ value }) => String(value).endsWith('none'))
    expect(seen({ records: alone })).toEqual([
      ['10+none', 12],
      ['11+none', 13],
    ])
    for (const [index, event] of out.events.entries()) {
      if (event !== '10+none') continue
      // No earlier epoch waits behind it, and no later one is in front of it.
      expect(out.events.slice(0, index).every((before) => !String(before).startsWith('E') || Number(String(before).slice(1)) < 12)).toBe(
        true,
      )
    }
  })

  inBothForms('with versions of rows are by event time, and wait for the frontier', async (collect) => {
    says("each record with the version of the table's row at the record's time; it waits until the frontier is there")
    const { out } = await collect((flow) => ({
      // However the two are read: the version of 5 counts for 7, that of 8 does not.
      out: keyed(flow, 'l', [7]).temporalJoin('j', keyed(flow, 'rows', [8, 5, 20], 10), { unbounded: true }, (l, row) => `${l} at ${row}`),
    }))
    expect(seen(out)).toEqual([['7 at 5', 7]])
  })
})

it('an idle input is not waited for; when all are idle the largest frontier counts; a record wakes its source', async () => {
  says('An input that is idle, because all its partitions have been silent for `idleAfterMs`, is excluded from that')
  says('when all inputs are idle, the frontier goes to the largest of theirs')
  says('A record from a source that was idle wakes it, and it is waited for again')
  const [a, b] = [testSource<number>(), testSource<number>()]
  const epochs: number[] = []
  const job = defineJob({
    name: 'idle',
    module: import.meta.url,
    build(flow) {
      const of = (name: string) => flow.source(name, unopened, { epochs: (_n: number, t: number) => t, idleAfterMs: 100 }).onTime
      of('a')
        .union(of('b'))
        .inspectFrontier('frontier', (epoch) => void epochs.push(epoch))
        .sink('out', discard())
    },
  })
  await using test = await testJob(job, { sources: { a, b }, snapshotIntervalMs: Number.POSITIVE_INFINITY })
  a.push(1, 10)
  b.push(1, 5)
  await test.settle()
  expect(epochs).toEqual([5])
  await test.advanceBy(50)
  a.push(1, 20)
  await test.settle()
  expect(epochs).toEqual([5])
  // Only b has been silent for so long.
  await test.advanceBy(60)
  expect(epochs).toEqual([5, 20])
  b.push(1, 21)
  a.push(1, 30)
  await test.settle()
  // It is waited for again.
  expect(epochs.at(-1)).toBe(21)
  await test.advanceBy(200)
  expect(epochs.at(-1)).toBe(30)
})

it.each([
  ['fail', 0],
  ['skip', 0],
  ['deadLetter', 1],
] as const)('a record that others have not waited for is late for a window that is over (%s)', async (onError, dead) => {
  says('if only that of the streams it meets has, it is late for what it could only add to behind the frontier')
  says("with `onError: 'deadLetter'` they are dead letters, too")
  const [a, b] = [testSource<number>(), testSource<number>()]
  const letters: unknown[] = []
  const job = defineJob({
    name: 'idle',
    module: import.meta.url,
    build(flow) {
      const of = (name: string) => flow.source(name, unopened, { epochs: (_n: number, t: number) => t, idleAfterMs: 100 }).onTime
      const windows = of('a')
        .union(of('b'))
        .keyLocal('k', () => 'k')
        .window(tumbling(10))
      if (onError !== 'deadLetter') windows.aggregate('w', count, { onError }).sink('out', discard())
      else {
        const { results, deadLetters } = windows.aggregate('w', count, { onError })
        results.discard('results')
        deadLetters.inspect('letters', (letter) => void letters.push(letter)).discard('dead')
      }
    },
  })
  await using test = await testJob(job, { sources: { a, b }, snapshotIntervalMs: Number.POSITIVE_INFINITY })
  a.push(1, 10)
  b.push(1, 5)
  await test.advanceBy(50)
  a.push(1, 40)
  await test.advanceBy(60)
  b.push(7, 15)
  await test.settle()
  expect(test.status()).toMatchObject({ state: 'running', skipped: 0, late: 1 })
  const cause = { code: 'ERR_TIMESTAMP_INVALID', message: expect.stringMatching(/at 15 when the frontier had come to 40.*idleAfterMs/) }
  expect(letters).toMatchObject(dead === 0 ? [] : [{ value: 7, timestamp: 15, operator: 'w', cause }])
})

it('after a restart, what was late for a join is late, and rows of a table count whenever they come', async () => {
  const [a, b] = [testSource<number>(), testSource<number>()]
  const [joined, priced]: unknown[][] = [[], []]
  const job = defineJob({
    name: 'idle',
    module: import.meta.url,
    build(flow) {
      const of = (name: string) =>
        flow
          .source(name, unopened, { epochs: (_n: number, t: number) => t, idleAfterMs: 100 })
          .onTime.keyDistribute(`${name} key`, () => 'k')
      const [left, right] = [of('a'), of('b')]
      left
        .join('join', right, { unbounded: true }, (l, r) => `${l}/${r}`)
        .inspect('joined', (pair) => void joined?.push(pair))
        .discard('pairs')
      left
        .tableJoin('table join', right, { unbounded: true }, (l, r) => `${l}/${r}`)
        .inspect('priced', (pair) => void priced?.push(pair))
        .discard('prices')
    },
  })
  await using test = await testJob(job, { sources: { a, b }, snapshotIntervalMs: Number.POSITIVE_INFINITY })
  b.push(1, 5)
  await test.settle()
  a.push(2, 10)
  await test.advanceBy(150)
  a.push(3, 40)
  await test.advanceBy(150)
  await test.snapshot()
  test.crash()
  await test.start()
  b.push(4, 15)
  await test.settle()
  expect(test.status().operators.find(({ operator }) => operator === 'join')?.late).toBe(1)
  a.push(5, 50)
  await test.settle()
  expect(joined).toEqual(['2/1', '3/1', '5/1'])
  expect(priced).toEqual(['2/1', '3/1', '5/4'])
})
