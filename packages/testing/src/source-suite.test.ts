import { numberTime, type Source, type SourceOutput, type SourcePartition } from '@malstrom/core'
import { describe, expect, it } from 'vitest'
import { brokenLaws } from './law.ts'
import { sourceLawsOf } from './source-laws.ts'
import { sourceSuite } from './source-suite.ts'
import type { SourceSuiteOptions } from './source-suite-options.ts'

type Entry = { readonly value: string; readonly timestamp: number }
type State = { readonly position: number }
type Partition = SourcePartition<string, number, State>
type Options = SourceSuiteOptions<string, number, string, State, Log>

/** The external system of these tests: partitions of records, and whoever waits for more. */
class Log {
  readonly partitions: ReadonlyMap<string, Entry[]>
  readonly waiting = new Set<() => void>()

  constructor() {
    this.partitions = new Map([
      ['a', Array.from({ length: 11 }, (_, index) => ({ value: `a${index}`, timestamp: index }))],
      ['b', [{ value: 'b0', timestamp: 7 }]],
      ['empty', []],
    ])
  }

  entries(partition: string): Entry[] {
    return this.partitions.get(partition) ?? []
  }

  append(partition: string): Entry {
    const entry = { value: 'appended', timestamp: 100 }
    this.entries(partition).push(entry)
    for (const wake of this.waiting) wake()
    return entry
  }
}

/** Fetches two records at a time, so that it is idle again and again, as a source with a network is. */
class LogPartition implements Partition {
  readonly #log: Log
  readonly #partition: string
  readonly #finishes: boolean
  #position: number
  #fetched: number

  constructor(log: Log, partition: string, finishes: boolean, position: number) {
    this.#log = log
    this.#partition = partition
    this.#finishes = finishes
    this.#position = position
    this.#fetched = position
  }

  poll(output: SourceOutput<string, number>, limit: number) {
    const entries = this.#log.entries(this.#partition)
    const end = Math.min(this.#fetched, this.#position + limit)
    for (; this.#position < end; this.#position++) {
      const { value, timestamp } = entries[this.#position] as Entry
      output.emit(value, timestamp)
    }
    if (this.#position < this.#fetched) return 'more'
    return this.#finishes && this.#position === entries.length ? 'finished' : 'idle'
  }

  async ready() {
    const entries = this.#log.entries(this.#partition)
    if (this.#position === entries.length) await new Promise<void>((resolve) => this.#log.waiting.add(resolve))
    await new Promise((resolve) => setImmediate(resolve))
    this.#fetched = Math.min(entries.length, this.#position + 2)
  }

  snapshot() {
    return { position: this.#position }
  }

  close() {}
}

/** Has everything in memory, and hands it over in one call. */
class ArrayPartition implements Partition {
  readonly #values: string[]
  readonly #timestamps: number[]
  #position: number

  constructor(log: Log, partition: string, _finishes: boolean, position: number) {
    this.#values = log.entries(partition).map(({ value }) => value)
    this.#timestamps = log.entries(partition).map(({ timestamp }) => timestamp)
    this.#position = position
  }

  poll(output: SourceOutput<string, number>, limit: number) {
    const start = this.#position
    this.#position = Math.min(this.#values.length, start + limit)
    output.emitAll(this.#values, start, this.#position, this.#timestamps.slice(start, this.#position))
    return this.#position === this.#values.length ? 'finished' : 'more'
  }

  async ready() {}

  snapshot() {
    return { position: this.#position }
  }

  close() {}
}

type Change = (inner: Partition, partition: string, log: Log, state: State | undefined) => Partial<Partition>

/** `changes` replace methods of the partitions, and so plant bugs. */
function options(
  { finishes = true, kind = LogPartition }: { finishes?: boolean; kind?: typeof LogPartition | typeof ArrayPartition } = {},
  changes: Change = () => ({}),
  sourceChanges: Partial<Source<string, number, string, State>> = {},
): Options {
  const records = (partition: string) => [...new Log().entries(partition)]
  return {
    setup: () => new Log(),
    create: (log) => ({
      time: numberTime,
      listPartitions: () => [...log.partitions.keys()],
      openPartition(partition, state) {
        const inner = new kind(log, partition, finishes, state?.position ?? 0)
        return {
          poll: (output, limit) => inner.poll(output, limit),
          ready: () => inner.ready(),
          snapshot: () => inner.snapshot(),
          close: () => inner.close(),
          ...changes(inner, partition, log, state),
        }
      },
      ...sourceChanges,
    }),
    expected: ['a', 'b', 'empty'].map((partition) => ({ partition, records: records(partition) })),
    finishes,
    ...(finishes ? {} : { append: (log: Log, partition: string) => log.append(partition) }),
    waitMs: 50,
  }
}

sourceSuite('a source that fetches', { ...options(), waitMs: 5_000 })
sourceSuite('a source that never ends', { ...options({ finishes: false }), waitMs: 5_000 })
sourceSuite('a source in memory', { ...options({ kind: ArrayPartition }), waitMs: 5_000 })

const ONCE = 'every record is emitted once and in order, at any limit'
const BATCH = 'emitAll comes once per poll, without emit, with arrays that fit and stay as they are'
const CUT = 'wherever reading is cut, reopening goes on with the next record'
const SCHEDULE = 'any schedule of polls, snapshots, commits, moves and crashes reads every record as if it were read once'
const READY = 'ready() resolves after idle while records follow'
const CLOSE = 'close may be called early, twice, and while ready() is pending'

const endless = (changes: Change) => options({ finishes: false }, changes)
const never = () => new Promise<void>(() => {})
let lists = 0

/** Keeps `state` where it is shared by all partitions of one log. */
const shared = new WeakMap<Log, { position: number }>()

const planted: [bug: string, broken: string, options: Options][] = [
  [
    'lists a partition once',
    'listPartitions answers the same partitions every time',
    options({}, undefined, { listPartitions: () => (lists++ === 0 ? ['a', 'b', 'empty'] : []) }),
  ],
  [
    'swaps timestamps of records',
    ONCE,
    options({}, (inner) => ({ poll: (output, limit) => inner.poll({ ...output, emit: (value) => output.emit(value, 0) }, limit) })),
  ],
  [
    'emits every record twice',
    ONCE,
    options({}, (inner) => ({ poll: (output, limit) => inner.poll(twice(output), limit) })),
  ],
  ['loses the last record', ONCE, options({}, (inner, name) => (name === 'b' ? { poll: () => 'finished' } : inner && {}))],
  ['never finishes', ONCE, options({}, (inner) => ({ poll: (output, limit) => (inner.poll(output, limit) === 'idle' ? 'idle' : 'more') }))],
  [
    'emits timestamps that are none',
    'every timestamp is one of the algebra of the source',
    options({}, (inner) => ({ poll: (output, limit) => inner.poll({ ...output, emit: (value) => output.emit(value, Number.NaN) }, limit) })),
  ],
  ['ignores the limit', 'poll emits no more than its limit', options({ kind: ArrayPartition }, (inner) => ({ poll: (output) => inner.poll(output, 1_000) }))],
  [
    'emits when its I/O is done',
    'nothing is emitted but during poll',
    options({}, (inner) => ({
      poll(output, limit) {
        Promise.resolve().then(() => output.emit('late', 0))
        return inner.poll(output, limit)
      },
    })),
  ],
  ['calls emitAll twice', BATCH, batches((output) => [0, 1].map(() => output.emitAll(['x'], 0, 1, [0])))],
  ['calls emit and emitAll', BATCH, batches((output) => [output.emit('x', 0), output.emitAll(['x'], 0, 1, [0])])],
  ['calls emitAll and emit', BATCH, batches((output) => [output.emitAll(['x'], 0, 1, [0]), output.emit('x', 0)])],
  ['has too few values', BATCH, batches((output) => output.emitAll(['x'], 0, 2, [0, 0]))],
  ['has too few timestamps', BATCH, batches((output) => output.emitAll(['x', 'y'], 0, 2, [0]))],
  ['reuses its array too early', BATCH, batches((output) => reusing(output))],
  [
    'has one position for all partitions',
    'partitions are read independently of each other',
    options({ kind: ArrayPartition }, (inner, partition, log) => {
      const position = shared.get(log) ?? { position: 0 }
      shared.set(log, position)
      const poll = (output: SourceOutput<string, number>) => {
        const entry = log.entries(partition)[position.position++]
        if (entry !== undefined) output.emit(entry.value, entry.timestamp)
        return entry === undefined ? 'finished' : 'more'
      }
      return { poll, close: inner.close }
    }),
  ],
  ['does not get ready', READY, options({}, () => ({ ready: never }))],
  ['says more while it has nothing', READY, options({}, () => ({ poll: () => 'more' }))],
  ['is always ready', 'ready() waits while there is nothing to read', endless((inner, _, log) => ({ ready: () => (inner.ready(), awake(log)) }))],
  [
    'wakes once',
    'a record that appears while the source is idle wakes it',
    endless((inner, _, log) => {
      let wakeUps = 0
      const isDry = () => wakeUps > 0 && log.waiting.size > 0
      return { ready: () => (isDry() ? never() : inner.ready().then(() => void wakeUps++)) }
    }),
  ],
  ['ignores its state', CUT, options({}, undefined, {})],
  ['saves the position of the last record', CUT, options({}, (inner) => ({ snapshot: () => ({ position: Math.max(0, inner.snapshot().position - 1) }) }))],
  ['saves the position it has fetched', CUT, options({}, (inner) => ({ snapshot: () => ({ position: Math.ceil(inner.snapshot().position / 2) * 2 }) }))],
  ['saves a function', CUT, options({}, (inner) => ({ snapshot: () => ({ ...inner.snapshot(), again: () => inner }) }))],
  [
    'starts again when it is finished',
    'a partition that was read to its end has nothing more when it is reopened',
    options({}, (inner, name, log) => ({ snapshot: () => ({ position: inner.snapshot().position % (log.entries(name).length || 1) }) })),
  ],
  [
    'hands out the state it changes',
    'a snapshot does not change when reading goes on',
    options({}, (inner) => {
      const state = { position: 0 }
      const poll: Partition['poll'] = (output, limit) => {
        const status = inner.poll(output, limit)
        state.position = inner.snapshot().position
        return status
      }
      return { poll, snapshot: () => state }
    }),
  ],
  ['acknowledges what it has read, not what is saved', SCHEDULE, queue((position) => position)],
  ['hangs when it is closed while it waits', CLOSE, endless((inner) => closing(inner, 'while waiting'))],
  ['fails when it is closed twice', CLOSE, options({}, (inner) => closing(inner, 'twice'))],
]

function twice(output: SourceOutput<string, number>): SourceOutput<string, number> {
  const emit = (value: string, timestamp: number) => {
    output.emit(value, timestamp)
    output.emit(value, timestamp)
  }
  return { emit, emitAll: output.emitAll }
}
