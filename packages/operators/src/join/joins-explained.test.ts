import { defineJob, discard, type KeyedStream, limitOutOfOrderness, tumbling } from '@malstrom/operators'
import { testJob, testSource } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'

type Numbers = KeyedStream<number, number, number>
const pair = (left: number | undefined, right: number | undefined) => `${left} ${right}`

/** A job of one join of two streams by parity. */
async function start(join: (left: Numbers, right: Numbers) => KeyedStream<number, string, number>) {
  const [left, right] = [testSource<number>(), testSource<number>()]
  const job = defineJob({
    name: 'stuck',
    module: import.meta.url,
    build(flow) {
      const lefts = flow.source('left', left, { epochs: limitOutOfOrderness(0) }).onTime.keyDistribute('left key', (n) => n % 2)
      const rights = flow.source('right', right, { epochs: limitOutOfOrderness(0) }).onTime.keyDistribute('right key', (n) => n % 2)
      join(lefts, rights).sink('out', discard())
    },
  })
  const test = await testJob(job, { sources: { left, right } })
  const waits = async () => {
    const { findings } = await test.explain()
    return findings.filter(({ kind, operator }) => kind === 'waiting' && operator === 'join')
  }
  return { left, right, test, waits }
}

describe('the explanation of joins', () => {
  it('counts the records of each stream that may find matches, and says until when', async () => {
    const { left, right, test, waits } = await start((l, r) => l.intervalJoin('join', r, { lower: -5, upper: 20, type: 'outer' }, pair))
    await using _ = test
    expect(await waits()).toEqual([])
    left.push(1, 10).push(2, 12).push(3, 14)
    right.push(5, 8)
    expect(await waits()).toMatchObject([
      {
        count: 3,
        frontier: 30,
        message:
          '"join" on worker 0 keeps 3 records of the left stream, of 2 keys, that may have matches; the first of them waits for the frontier to reach 30.',
      },
      { count: 1, frontier: 13, message: expect.stringContaining('1 records of the right stream, of 1 key,') },
    ])
    right.push(6, 33)
    left.push(1, 33)
    expect(await waits()).toMatchObject([
      { count: 2, frontier: 34 },
      { count: 1, frontier: 38 },
    ])
  })

  it('counts left records with bounds of their own', async () => {
    const bounds = { lower: (n: number, t: number) => t - n, upper: (n: number, t: number) => t + n, keepRight: 10 }
    const { left, test, waits } = await start((l, r) => l.intervalJoin('join', r, bounds, pair))
    await using _ = test
    left.push(50, 10).push(2, 12)
    expect(await waits()).toMatchObject([{ count: 2, frontier: 14 }])
  })

  it('says of records that are kept for ever that they wait for others', async () => {
    const { left, test, waits } = await start((l, r) => l.join('join', r, { unbounded: true }, pair))
    await using _ = test
    left.push(1, 10).push(3, 11)
    const [wait] = await waits()
    expect(wait).toMatchObject({ count: 2, message: expect.stringContaining('the first of them waits for other records.') })
    expect(wait).not.toHaveProperty('frontier')
  })

  it('counts the records in windows, and what they wait for', async () => {
    const { left, right, test, waits } = await start((l, r) => l.windowJoin('join', r, { window: tumbling(100) }, pair))
    await using _ = test
    left.push(2, 10).push(1, 110)
    right.push(3, 20)
    expect(await waits()).toMatchObject([
      { count: 3, frontier: 99, message: expect.stringContaining('3 records in open windows of 2 keys; the first') },
    ])
  })

  it('counts the records that wait for the frontier of a temporal join, and not its versions', async () => {
    const { left, right, test, waits } = await start((l, r) => l.temporalJoin('join', r, { unbounded: true }, pair))
    await using _ = test
    right.push(1, 5).push(2, 6)
    expect(await waits()).toEqual([])
    left.push(1, 10).push(2, 12).push(3, 14)
    expect(await waits()).toMatchObject([
      {
        count: 3,
        frontier: 10,
        message: expect.stringContaining('keeps 3 records of 2 keys; the first of them waits for the frontier to reach 10.'),
      },
    ])
    right.push(1, 12)
    expect(await waits()).toMatchObject([{ count: 1, frontier: 14 }])
  })
})
