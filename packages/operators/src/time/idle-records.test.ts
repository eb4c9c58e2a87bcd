import { numberTime } from '@malstrom/core'
import { defineJob, type Flow, type KeyedStream, session, sliding, tumbling } from '@malstrom/operators'
import { testJob, testSource } from '@malstrom/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

// Records of sources that were idle: nobody has waited for them, so they may be behind the frontier of the streams that they meet.

const missing = () => {
  throw new Error('the real one is not opened')
}
const unopened = { time: numberTime, listPartitions: missing, openPartition: missing }
const BOUND = 3

interface Item {
  readonly side: 'a' | 'b'
  readonly n: number
  readonly at: number
}

type Items = KeyedStream<string, Item, number>
type Output = readonly [value: unknown, timestamp: number]

/** Both sources have something to read now and then. */
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ side: fc.constantFrom('a' as const, 'b' as const), ahead: fc.integer({ min: -25, max: 12 }) }) },
  { weight: 1, arbitrary: fc.record({ waits: fc.constantFrom(60, 110) }) },
)
const script = fc.array(step, { minLength: 10, maxLength: 40 })

/** What an operator is to do, told event by event. */
interface Model {
  /** A record comes; returns whether it is late. */
  record(item: Item, frontier: number): boolean
  /** The frontier has come to `epoch`. Results of records and of epochs are expected before the next event. */
  epoch(epoch: number): void
  readonly expected: Output[]
}

/** Plays a script, one event at a time, and compares what comes out with the model after each. */
async function play(
  steps: readonly (typeof script extends fc.Arbitrary<infer S> ? S : never)[number][],
  tasks: 'compiled' | 'interpreted',
  operator: (a: Items, b: Items) => KeyedStream<string, unknown, number>,
  model: Model,
): Promise<void> {
  const [a, b] = [testSource<Item>(), testSource<Item>()]
  const outputs: Output[] = []
  let [frontier, emittedBehind, lateOnes] = [Number.NEGATIVE_INFINITY, false, 0]
  const job = defineJob({
    name: 'idle',
    module: import.meta.url,
    build(flow: Flow) {
      const of = (name: string) => {
        const epochs = (_item: Item, timestamp: number) => timestamp - BOUND
        const { onTime, late } = flow.source(name, unopened, { epochs, idleAfterMs: 100 })
        late.discard(`late ${name}`)
        return onTime.keyDistribute(`key ${name}`, () => 'k')
      }
      operator(of('a'), of('b'))
        .inspectFrontier('frontier', (epoch) => {
          frontier = epoch
        })
        .inspect('out', (value, _key, timestamp) => {
          if (timestamp <= frontier) emittedBehind = true
          outputs.push([value, timestamp])
        })
        .discard('end')
    },
  })
  const test = await testJob(job, { sources: { a, b }, snapshotIntervalMs: Number.POSITIVE_INFINITY, tasks })
  let [clock, number] = [100, 0]
  const own = { a: Number.NEGATIVE_INFINITY, b: Number.NEGATIVE_INFINITY }
  const check = () => {
    model.epoch(frontier)
    const text = (list: readonly Output[]) => list.map((output) => JSON.stringify(output)).sort()
    expect(text(outputs.splice(0))).toEqual(text(model.expected.splice(0)))
    expect(emittedBehind).toBe(false)
    const counted = test.status().operators.find(({ operator: name }) => name === 'op')?.late
    expect(counted).toBe(lateOnes)
  }
  for (const action of steps) {
    if ('waits' in action) {
      await test.advanceBy(action.waits)
      clock += 5
    } else {
      const { side } = action
      const item: Item = { side, n: number++, at: clock + action.ahead }
      clock += 3
      // The source itself knows what is behind its own epochs.
      if (item.at > own[side] && model.record(item, frontier)) lateOnes++
      own[side] = Math.max(own[side], item.at - BOUND)
      const source = side === 'a' ? a : b
      source.push(item, item.at)
      await test.settle()
    }
    check()
  }
  await test.finish()
  check()
  await test[Symbol.asyncDispose]()
}

/** Windows that are known by their bounds, which do not depend on other records. */
class WindowModel implements Model {
  readonly expected: Output[] = []
  readonly #windowsOf: (at: number) => readonly (readonly [start: number, end: number])[]
  readonly #result: (items: readonly Item[]) => unknown
  readonly #open = new Map<string, { readonly last: number; readonly items: Item[] }>()

  constructor(
    windowsOf: (at: number) => readonly (readonly [number, number])[],
    result: (items: readonly Item[]) => unknown = (items) => items.map(({ n }) => n),
  ) {
    this.#windowsOf = windowsOf
    this.#result = result
  }

  record(item: Item, frontier: number): boolean {
    const windows = this.#windowsOf(item.at).filter(([, end]) => end - 1 > frontier)
    for (const [start, end] of windows) {
      const known = this.#open.get(`${start}`) ?? { last: end - 1, items: [] }
      known.items.push(item)
      this.#open.set(`${start}`, known)
    }
    return windows.length === 0
  }

  epoch(epoch: number): void {
    for (const [start, { last, items }] of this.#open) {
      if (last > epoch) continue
      this.#open.delete(start)
      const result = this.#result(items)
      if (result !== undefined) this.expected.push([result, last])
    }
  }
}

/** Sessions, found anew from all records for each one that comes. */
class SessionModel implements Model {
  readonly expected: Output[] = []
  readonly #gap: number
  #open: { readonly start: number; readonly end: number; readonly items: readonly Item[] }[] = []

  constructor(gap: number) {
    this.#gap = gap
  }

  record(item: Item, frontier: number): boolean {
    const [start, end] = [item.at, item.at + this.#gap]
    const touched = this.#open.filter((other) => other.start <= end && start <= other.end)
    if (touched.length === 0 && end <= frontier) return true
    this.#open = [
      ...this.#open.filter((other) => !touched.includes(other)),
      {
        start: Math.min(start, ...touched.map((other) => other.start)),
        end: Math.max(end, ...touched.map((other) => other.end)),
        items: [...touched.flatMap(({ items }) => items), item],
      },
    ]
    return false
  }

  epoch(epoch: number): void {
    for (const { end, items } of this.#open.filter((each) => each.end <= epoch)) {
      this.expected.push([items.map(({ n }) => n).sort((x, y) => x - y), end])
    }
    this.#open = this.#open.filter((each) => each.end > epoch)
  }
}

/** Joins of pairs: a record that is behind the frontier has no part. */
class PairModel implements Model {
  readonly expected: Output[] = []
  readonly #matches: (left: Item, right: Item) => boolean
  readonly #items: Item[] = []

  constructor(matches: (left: Item, right: Item) => boolean) {
    this.#matches = matches
  }

  record(item: Item, frontier: number): boolean {
    if (item.at <= frontier) return true
    for (const other of this.#items) {
      if (other.side === item.side) continue
      const [left, right] = item.side === 'a' ? [item, other] : [other, item]
      if (this.#matches(left, right)) this.expected.push([[left.n, right.n], Math.max(left.at, right.at)])
    }
    this.#items.push(item)
    return false
  }

  epoch(): void {}
}

/** Tables: versions count whenever they come. */
class VersionModel implements Model {
  readonly expected: Output[] = []
  readonly #versions: Item[] = []
  #waiting: Item[] = []

  record(item: Item, frontier: number): boolean {
    if (item.side === 'b') this.#versions.push(item)
    else if (item.at <= frontier) return true
    else this.#waiting.push(item)
    return false
  }

  epoch(epoch: number): void {
    for (const left of this.#waiting.filter(({ at }) => at <= epoch)) {
      const versions = this.#versions.filter(({ at }) => at <= left.at).sort((x, y) => x.at - y.at)
      const version = versions.at(-1)
      if (version !== undefined) this.expected.push([[left.n, version.n], left.at])
    }
    this.#waiting = this.#waiting.filter(({ at }) => at > epoch)
  }
}

const list = {
  init: (): number[] => [],
  add: (all: number[], { n }: Item) => [...all, n],
  merge: (x: number[], y: number[]) => [...x, ...y],
}
const sorted = { ...list, emit: (all: readonly number[]) => [...all].sort((x, y) => x - y) }
const both = (items: readonly Item[]) => {
  const of = (side: string) => items.filter((item) => item.side === side).map(({ n }) => n)
  return [of('a'), of('b')]
}
const floor = (at: number, size: number) => Math.floor(at / size) * size
const tens = (at: number) => [[floor(at, 10), floor(at, 10) + 10]] as const
const slides = (at: number) => [0, 10].map((back) => [floor(at, 10) - back, floor(at, 10) - back + 20] as const)
const ns = (left: Item, right: Item) => [left.n, right.n]

const cases: readonly [name: string, operator: Parameters<typeof play>[2], model: () => Model][] = [
  ['tumbling windows', (a, b) => a.union(b).window(tumbling(10)).aggregate('op', sorted), () => new WindowModel(tens)],
  [
    'tumbling windows that skip failures',
    (a, b) => a.union(b).window(tumbling(10)).aggregate('op', sorted, { onError: 'skip' }),
    () => new WindowModel(tens),
  ],
  [
    'sliding windows',
    (a, b) =>
      a
        .union(b)
        .window(sliding({ size: 20, slide: 10 }))
        .aggregate('op', sorted),
    () => new WindowModel(slides),
  ],
  [
    'sessions',
    (a, b) =>
      a
        .union(b)
        .window(session({ gap: 6 }))
        .aggregate('op', sorted),
    () => new SessionModel(6),
  ],
  [
    'coGroup',
    (a, b) => a.coGroup('op', b, tumbling(10), (x, y) => [[x.map(({ n }) => n), y.map(({ n }) => n)]]),
    () => new WindowModel(tens, both),
  ],
  [
    'coGroup in sliding windows',
    (a, b) => a.coGroup('op', b, sliding({ size: 20, slide: 10 }), (x, y) => [[x.map(({ n }) => n), y.map(({ n }) => n)]]),
    () => new WindowModel(slides, both),
  ],
  [
    'intervalJoin',
    (a, b) => a.intervalJoin('op', b, { lower: -8, upper: 5 }, ns),
    () => new PairModel((left, right) => right.at >= left.at - 8 && right.at <= left.at + 5),
  ],
  ['join', (a, b) => a.join('op', b, { unbounded: true }, ns), () => new PairModel(() => true)],
  ['temporalJoin', (a, b) => a.temporalJoin('op', b, { unbounded: true }, ns), () => new VersionModel()],
]

describe.each(['compiled', 'interpreted'] as const)('records of sources that were idle (%s)', (tasks) => {
  it.each(cases)(
    'are late for %s if all they could lead to is behind the frontier, and behind it nothing comes out',
    async (_name, operator, model) => {
      await fc.assert(
        fc.asyncProperty(script, (steps) => play(steps, tasks, operator, model())),
        { numRuns: 15 },
      )
    },
  )

  it('count in tables from the next moment on, so that in the end every row is there', async () => {
    await fc.assert(
      fc.asyncProperty(script, async (steps) => {
        /** The sum so far, which is all that the changes say, and how often a record came late. */
        let sum = 0
        const model: Model = { expected: [], record: (item, frontier) => item.at <= frontier, epoch: () => {} }
        const seen: number[] = []
        const rows = (a: Items, b: Items) =>
          a
            .union(b)
            .map('n', ({ n }) => {
              sum += n
              return { n }
            })
            .rows('rows')
            .sum('op', ({ n }) => n)
            .changes()
            .inspect('see', ({ value, diff }) => void seen.push(diff * value))
            .filter('none', () => false)
        await play(steps, tasks, rows, model)
        expect(seen.reduce((x, y) => x + y, 0)).toBe(sum)
      }),
      { numRuns: 15 },
    )
  })
})
