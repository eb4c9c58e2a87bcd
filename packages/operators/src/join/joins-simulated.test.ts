import { defineJob, limitOutOfOrderness, tumbling } from '@malstrom/operators'
import { type SimulatedRecord, type SimulatedSink, type SimulatedWorld, simulate } from '@malstrom/testing'
import { expect, it } from 'vitest'

const SEEDS = Number(process.env.SEEDS ?? 20)
const KEYS = 5
const JITTER_MS = 30
const BEFORE_MS = 40
const AFTER_MS = 60
const WINDOW_MS = 50

interface Entry {
  readonly id: string
  readonly key: string
  readonly timestamp: number
}

/** Numbers that look random and are the same for the same seed. */
function numbers(seed: number): (below: number) => number {
  let state = seed * 2 + 1
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function entriesOf(name: string, below: (limit: number) => number): Record<string, SimulatedRecord<Entry, number>[]> {
  const partitions = Array.from({ length: 1 + below(3) }, (_, partition) => {
    const entries = Array.from({ length: 10 + below(30) }, (_, n) => {
      const timestamp = n * 9 + below(JITTER_MS)
      return { value: { id: `${name}${partition}.${n}`, key: `key ${below(KEYS)}`, timestamp }, timestamp }
    })
    return [`${name} ${partition}`, entries] as const
  })
  return Object.fromEntries(partitions)
}

type Joined = readonly [left: Entry | undefined, right: Entry | undefined]
const text = (l: Entry | undefined, r: Entry | undefined) => `${l?.id ?? 'none'}+${r?.id ?? 'none'}`

/** The pairs that `fits` lets through, and what has none. */
function outerJoin(left: readonly Entry[], right: readonly Entry[], fits: (l: Entry, r: Entry) => boolean): string[] {
  const pairs: Joined[] = left.flatMap((l) => right.filter((r) => r.key === l.key && fits(l, r)).map((r): Joined => [l, r]))
  const padded: Joined[] = [
    ...left.filter((l) => !pairs.some(([known]) => known === l)).map((l): Joined => [l, undefined]),
    ...right.filter((r) => !pairs.some(([, known]) => known === r)).map((r): Joined => [undefined, r]),
  ]
  return [...pairs, ...padded].map(([l, r]) => text(l, r)).sort()
}

function versionOf(rows: readonly Entry[], { key, timestamp }: Entry): readonly Entry[] {
  const known = rows.filter((row) => row.key === key && row.timestamp <= timestamp)
  const latest = Math.max(...known.map((row) => row.timestamp))
  return known.filter((row) => row.timestamp === latest)
}

function joinsJob(world: SimulatedWorld, seed: number) {
  const below = numbers(seed)
  const [lefts, rights] = [entriesOf('l', below), entriesOf('r', below)]
  const [interval, regular, windows, versions] = Array.from({ length: 4 }, () => world.sink()) as [
    SimulatedSink,
    SimulatedSink,
    SimulatedSink,
    SimulatedSink,
  ]
  const job = defineJob({
    name: 'joins',
    module: import.meta.url,
    build(flow) {
      const streamOf = (name: string, records: typeof lefts) => {
        const { onTime } = flow.source(name, world.source(records), { epochs: limitOutOfOrderness(JITTER_MS) })
        return onTime.keyDistribute(`${name} by key`, ({ key }) => key)
      }
      const [left, right] = [streamOf('left', lefts), streamOf('right', rights)]
      left.intervalJoin('interval', right, { lower: -BEFORE_MS, upper: AFTER_MS, type: 'outer' }, text).sink('intervals', interval)
      left.join('regular', right, { unbounded: true }, text).sink('all', regular)
      left.windowJoin('window', right, { window: tumbling(WINDOW_MS), type: 'outer' }, text).sink('windows', windows)
      left.temporalJoin('temporal', right, { unbounded: true, type: 'left' }, text).sink('versions', versions)
    },
  })
  const [left, right] = [lefts, rights].map((records) =>
    Object.values(records)
      .flat()
      .map(({ value }) => value),
  ) as [Entry[], Entry[]]
  const visible = (sink: SimulatedSink) => sink.visible.map(({ value }) => value as string).sort()
  const check = () => {
    const isInInterval = (l: Entry, r: Entry) => r.timestamp >= l.timestamp - BEFORE_MS && r.timestamp <= l.timestamp + AFTER_MS
    expect(visible(interval)).toEqual(outerJoin(left, right, isInInterval))
    expect(visible(regular)).toEqual(outerJoin(left, right, () => true).filter((pair) => !pair.includes('none')))
    const windowOf = ({ timestamp }: Entry) => Math.floor(timestamp / WINDOW_MS)
    // A window without a match is one of the left or of the right side as a whole.
    expect(visible(windows)).toEqual(outerJoin(left, right, (l, r) => windowOf(l) === windowOf(r)))
    // Of versions with equal times, the one that came last counts, which several partitions leave open.
    const found = visible(versions)
    const possible = left.map((l) => [text(l, undefined), ...versionOf(right, l).map((row) => text(l, row))])
    expect(found).toHaveLength(left.length)
    for (const [none, ...known] of possible) {
      const own = found.filter((pair) => pair.split('+')[0] === (none as string).split('+')[0])
      expect(known.length === 0 ? [none] : known).toContain(own[0])
      expect(own).toHaveLength(1)
    }
  }
  return { job, check }
}

it('joins give the same results whatever fails and however often their keys move', { timeout: 300_000 }, async () => {
  let [restarts, rescaled] = [0, 0]
  for (let seed = 1; seed <= SEEDS; seed++) {
    let check = () => {}
    const build = (world: SimulatedWorld) => {
      const made = joinsJob(world, seed)
      check = made.check
      return made.job
    }
    try {
      const result = await simulate(build, seed % 4 === 0 ? { seed } : { seed, workers: 1 + (seed % 3) })
      check()
      restarts += result.status.restarts
      rescaled += result.rescaled
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error })
    }
  }
  expect(restarts).toBeGreaterThan(0)
  expect(rescaled).toBeGreaterThan(0)
})
