import { defineJob, discard, fromIterable, limitOutOfOrderness, session } from '@malstrom/operators'
import { testJob, testSink, testSource } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'

interface Item {
  readonly id: string
  readonly key: string
  readonly at: number
}

const text = (l: Item | undefined, r: Item | undefined) => `${l?.id ?? 'none'}+${r?.id ?? 'none'}`
const joins = ['interval', 'by left', 'window', 'temporal', 'table'] as const

const job = defineJob({
  name: 'restored',
  module: import.meta.url,
  build(flow) {
    const [left, right] = (['left', 'right'] as const).map((name) =>
      flow
        .source(name, fromIterable<Item>([]), { epochs: limitOutOfOrderness(1), timestamp: ({ at }) => at })
        .onTime.keyDistribute(`${name} by key`, ({ key }) => key),
    )
    if (left === undefined || right === undefined) throw new Error('two streams')
    left.intervalJoin('interval', right, { lower: -5, upper: 5, type: 'outer' }, text).sink('to interval', discard())
    const byLeft = { lower: (_l: Item, t: number) => t - 5, upper: ({ at }: Item) => at + 5, keepRight: 5, type: 'outer' } as const
    left.intervalJoin('by left', right, byLeft, text).sink('to by left', discard())
    left.windowJoin('window', right, { window: session({ gap: 5 }), type: 'outer' }, text).sink('to window', discard())
    left.temporalJoin('temporal', right, { ttl: 5, type: 'left' }, text).sink('to temporal', discard())
    left.tableJoin('table', right, { ttl: 5 }, text).sink('to table', discard())
  },
})

async function start() {
  const [left, right] = [testSource<Item>(), testSource<Item>()]
  const sinks = Object.fromEntries(joins.map((name) => [`to ${name}`, testSink()]))
  const test = await testJob(job, { sources: { left, right }, sinks })
  const push = (source: typeof left, id: string, at: number, key = 'k') => source.push({ id, key, at }, 0)
  const results = (name: (typeof joins)[number]) =>
    (sinks[`to ${name}`]?.committed ?? []).map(({ value, timestamp }) => `${value} at ${timestamp}`).sort()
  return { test, left, right, push, results }
}

describe('the state of joins', () => {
  it('goes on where it was after a crash: matches, paddings, windows and versions', async () => {
    const { test, left, right, push, results } = await start()
    await using _ = test
    push(right, 'r0', 8)
    await test.settle()
    push(left, 'l0', 10)
    push(left, 'alone', 10, 'other')
    await test.snapshot()
    test.crash()
    await test.start()
    push(right, 'r1', 13)
    push(right, 'r2', 30)
    await test.settle()
    test.crash()
    await test.start()
    await test.finish()
    const interval = ['alone+none at 15', 'l0+r0 at 10', 'l0+r1 at 13', 'none+r2 at 35']
    expect(results('interval')).toEqual(interval)
    expect(results('by left')).toEqual(interval)
    expect(results('window')).toEqual(['alone+none at 15', 'l0+r0 at 18', 'l0+r1 at 18', 'none+r2 at 35'])
    expect(results('temporal')).toEqual(['alone+none at 10', 'l0+r0 at 10'])
    expect(results('table')).toEqual(['l0+r0 at 10'])
  })

  it('is gone when the frontier has passed, while the streams go on', async () => {
    const { test, left, right, push } = await start()
    await using _ = test
    for (let n = 0; n < 600; n++) {
      push(left, `l${n}`, 100, `key ${n}`)
      push(right, `r${n}`, 100, `key ${n}`)
    }
    await test.snapshot()
    for (const name of joins) expect([name, (await test.states(name)).length]).toEqual([name, 600])
    push(left, 'later', 200, 'later')
    push(right, 'later', 200, 'later')
    await test.snapshot()
    for (const name of joins) expect([name, (await test.states(name)).map(({ key }) => key)]).toEqual([name, ['later']])
  })
})
