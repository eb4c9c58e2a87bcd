import type { SourceOutput } from '@malstrom/core'
import { describe, expect, it } from 'vitest'
import {
  ArrayPartition,
  delegateTo,
  FetchingPartition,
  IndexedPartition,
  type Log,
  logOptions,
  type Options,
  type Partition,
  type Plant,
} from './fixtures/log-source.ts'
import { brokenLaws } from './law.ts'
import { sourceLawsOf } from './source-laws.ts'
import { sourceSuite } from './source-suite.ts'

sourceSuite('a source that fetches', logOptions(FetchingPartition, true))
sourceSuite('a source that never ends', logOptions(FetchingPartition, false))
sourceSuite('a source in memory', logOptions(ArrayPartition, true))
sourceSuite('a source in memory whose timestamps are positions', logOptions(IndexedPartition, true))

const LIST = 'listPartitions answers the same partitions every time'
const ONCE = 'every record is emitted once and in order, at any limit'
const TIME = 'every timestamp is one of the algebra of the source'
const LIMIT = 'poll emits no more than its limit'
const OUTSIDE = 'nothing is emitted but during poll'
const BATCH = 'emitAll or emitIndexed comes once per poll, without emit, with arrays that fit and stay as they are'
const INDEPENDENT = 'partitions are read independently of each other'
const READY = 'ready() resolves after idle while records follow'
const WAITS = 'ready() waits while there is nothing to read'
const WAKES = 'a record that appears while the source is idle wakes it'
const CUT = 'wherever reading is cut, reopening goes on with the next record'
const END = 'a partition that was read to its end has nothing more when it is reopened'
const FROZEN = 'a snapshot does not change when reading goes on'
const AGAIN = 'what is read after a snapshot is read again after a crash, committed or not'
const SCHEDULE = 'any schedule of polls, snapshots, commits, moves and crashes reads every record as if it were read once'
const CLOSE = 'close may be called early, twice, and while ready() is pending'

type Output = SourceOutput<string, number>

const finite = (plant: Plant) => logOptions(FetchingPartition, true, plant)
const endless = (plant: Plant) => logOptions(FetchingPartition, false, plant)
const inMemory = (plant: Plant) => logOptions(ArrayPartition, true, plant)
const indexed = (plant: Plant) => logOptions(IndexedPartition, true, plant)
const nothingElse = { emit: () => expect.unreachable(), emitAll: () => expect.unreachable(), emitIndexed: () => expect.unreachable() }
/** Replaces what a poll does with each record. */
const emits = (emit: (output: Output, value: string, timestamp: number) => void) =>
  finite((inner) => ({
    poll: (output, limit) => inner.poll({ ...nothingElse, emit: (value, timestamp) => emit(output, value, timestamp) }, limit),
  }))
/** Replaces what a partition saves. */
const saves = (save: (position: number, length: number) => object) =>
  finite((inner, name, log) => ({ snapshot: () => save(inner.snapshot().position, log.entries(name).length) as never }))
/** Replaces the first timestamp of what a poll emits. */
const counts = (from: (first: number) => number) =>
  indexed((inner) => ({
    poll: (output, limit) =>
      inner.poll(
        { ...nothingElse, emitIndexed: (values, start, end, first) => output.emitIndexed(values, start, end, from(first)) },
        limit,
      ),
  }))
const emitsBatch = (emit: (output: Output) => void) =>
  inMemory(() => ({
    poll(output) {
      emit(output)
      return 'finished'
    },
  }))
const never = () => new Promise<void>(() => {})

function listsFewer(): Options {
  const options = finite(() => ({}))
  let calls = 0
  return { ...options, create: async (log) => ({ ...(await options.create(log)), listPartitions: () => log.partitions.slice(calls++) }) }
}

function neverFinishes(inner: Partition): Partial<Partition> {
  return {
    poll(output, limit) {
      inner.poll(output, limit)
      return 'more'
    },
  }
}

function emitsOnItsOwn(inner: Partition): Partial<Partition> {
  return {
    poll(output, limit) {
      Promise.resolve().then(() => output.emit('late', 0))
      return inner.poll(output, limit)
    },
  }
}

function reusesItsArray(emit: (output: Output, values: string[]) => void): Options {
  const values = ['']
  let count = 0
  return inMemory(() => ({
    poll(output) {
      values[0] = `value ${count++}`
      emit(output, values)
      return count % 2 === 0 ? 'finished' : 'more'
    },
    close() {
      values[0] = ''
    },
  }))
}

function sharesItsPosition(): Options {
  const positions = new WeakMap<object, number>()
  return finite((_, name, log) => ({
    poll(output) {
      const position = positions.get(log) ?? 0
      positions.set(log, position + 1)
      const entry = log.entries(name)[position]
      if (entry !== undefined) output.emit(entry.value, entry.timestamp)
      return entry === undefined ? 'finished' : 'more'
    },
  }))
}

function wakesOnce(inner: Partition, name: string, log: Log): Partial<Partition> {
  return { ready: () => (log.entries(name).at(-1)?.value === 'appended' ? never() : inner.ready()) }
}

function handsOutWhatItChanges(inner: Partition): Partial<Partition> {
  const state = { position: 0 }
  const poll: Partition['poll'] = (output, limit) => {
    const status = inner.poll(output, limit)
    state.position = inner.snapshot().position
    return status
  }
  return { poll, snapshot: () => state }
}

function hangsWhenClosedWhileWaiting(inner: Partition): Partial<Partition> {
  let pending: Promise<void> | undefined
  const ready = () => {
    pending = inner.ready().finally(() => {
      pending = undefined
    })
    return pending
  }
  return { ready, close: () => pending }
}

function failsWhenClosedTwice(): Partial<Partition> {
  let isClosed = false
  const close = () => {
    if (isClosed) throw new Error('already closed')
    isClosed = true
  }
  return { close }
}

const planted: [bug: string, broken: string, options: Options][] = [
  ['lists fewer partitions every time', LIST, listsFewer()],
  ['emits every record twice', ONCE, emits((output, ...record) => [0, 1].map(() => output.emit(...record)))],
  ['loses a record', ONCE, emits((output, value, timestamp) => (value === 'a10' ? undefined : output.emit(value, timestamp)))],
  ['loses timestamps', ONCE, emits((output, value) => output.emit(value, 0))],
  ['counts from 0 in every poll', ONCE, counts(() => 0)],
  ['never finishes', ONCE, finite(neverFinishes)],
  ['finishes, though it must not', ONCE, { ...finite(() => ({})), finishes: false }],
  ['emits timestamps that are none', TIME, emits((output, value) => output.emit(value, Number.NaN))],
  ['counts from no number', TIME, counts(() => Number.NaN)],
  ['ignores the limit', LIMIT, inMemory((inner) => ({ poll: (output) => inner.poll(output, 1_000) }))],
  ['ignores the limit, with positions', LIMIT, indexed((inner) => ({ poll: (output) => inner.poll(output, 1_000) }))],
  ['emits one record more', LIMIT, finite((inner) => ({ poll: (output, limit) => inner.poll(output, limit + 1) }))],
  ['emits when its I/O is done', OUTSIDE, finite(emitsOnItsOwn)],
  ['calls emitAll twice', BATCH, emitsBatch((output) => [0, 1].map(() => output.emitAll(['x'], 0, 1, [0])))],
  ['calls emit, then emitAll', BATCH, emitsBatch((output) => [output.emit('x', 0), output.emitAll(['x'], 0, 1, [0])])],
  ['calls emitAll, then emit', BATCH, emitsBatch((output) => [output.emitAll(['x'], 0, 1, [0]), output.emit('x', 0)])],
  ['calls emitIndexed twice', BATCH, emitsBatch((output) => [0, 1].map(() => output.emitIndexed(['x'], 0, 1, 0)))],
  ['calls emit, then emitIndexed', BATCH, emitsBatch((output) => [output.emit('x', 0), output.emitIndexed(['x'], 0, 1, 0)])],
  ['calls emitIndexed, then emit', BATCH, emitsBatch((output) => [output.emitIndexed(['x'], 0, 1, 0), output.emit('x', 0)])],
  [
    'calls emitAll, then emitIndexed',
    BATCH,
    emitsBatch((output) => [output.emitAll(['x'], 0, 1, [0]), output.emitIndexed(['x'], 0, 1, 0)]),
  ],
  ['has too few values', BATCH, emitsBatch((output) => output.emitAll(['x'], 0, 2, [0, 0]))],
  ['has too few timestamps', BATCH, emitsBatch((output) => output.emitAll(['x', 'y'], 0, 2, [0]))],
  ['has fewer values than positions', BATCH, emitsBatch((output) => output.emitIndexed(['x'], 0, 2, 0))],
  ['reuses its array', BATCH, reusesItsArray((output, values) => output.emitAll(values, 0, 1, [0]))],
  ['reuses its array, with positions', BATCH, reusesItsArray((output, values) => output.emitIndexed(values, 0, 1, 0))],
  ['has one position for all partitions', INDEPENDENT, sharesItsPosition()],
  ['never gets ready', READY, finite(() => ({ ready: never }))],
  ['says "more" without having any', READY, finite(() => ({ poll: () => 'more' }))],
  ['is ready while there is nothing', WAITS, endless((inner) => ({ ready: () => Promise.race([inner.ready(), Promise.resolve()]) }))],
  ['wakes once', WAKES, endless(wakesOnce)],
  ['ignores its state', CUT, finite((_, name, log) => delegateTo(new FetchingPartition(log, name, true, 0)))],
  ['saves the last record, not the next', CUT, saves((position) => ({ position: Math.max(0, position - 1) }))],
  ['saves what it has fetched', CUT, saves((position, length) => ({ position: Math.min(length, position + (position % 2)) }))],
  ['saves a function', CUT, saves((position) => ({ position, reset: () => 0 }))],
  ['starts again when it is finished', END, saves((position, length) => ({ position: position === length ? 0 : position }))],
  ['hands out the state it changes', FROZEN, finite(handsOutWhatItChanges)],
  [
    'acknowledges what it has read since the snapshot',
    AGAIN,
    finite((inner, name, log) => ({ committed: () => log.acknowledge(name, inner.snapshot().position) })),
  ],
  [
    'acknowledges what no snapshot holds yet',
    SCHEDULE,
    finite((inner, name, log) => ({
      snapshot() {
        const state = inner.snapshot()
        log.acknowledge(name, state.position)
        return state
      },
    })),
  ],
  ['hangs when it is closed while it waits', CLOSE, endless(hangsWhenClosedWhileWaiting)],
  ['fails when it is closed twice', CLOSE, finite(failsWhenClosedTwice)],
]

const lawsOf = (options: Options) => sourceLawsOf({ ...options, waitMs: 20, runs: 500 })

describe('sourceSuite', () => {
  it.each(planted)('finds a source that %s', async (_, broken, options) => {
    expect(await brokenLaws(lawsOf(options).filter(({ name }) => name === broken))).toEqual([broken])
  })

  it('has no law that cannot fail', () => {
    const found = new Set(planted.map(([, broken]) => broken))
    expect(lawsOf(endless(() => ({}))).filter(({ name }) => !found.has(name))).toEqual([])
  })

  it('says what a source is missing when it hangs', async () => {
    const ready = lawsOf(finite(() => ({ ready: never }))).find(({ name }) => name === READY)
    await expect(ready?.check()).rejects.toThrow('ready() after idle, with 0 records read, did not settle within 20 ms.')
  })
})
