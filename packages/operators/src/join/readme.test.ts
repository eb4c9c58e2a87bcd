import { testJob, testSink, testSource } from '@malstrom/testing'
import { expect, it } from 'vitest'
import { defineJob, discard, type Flow, fromIterable, limitOutOfOrderness, tumbling } from '../index.ts'

interface Auction {
  readonly id: number
  readonly item: string
  readonly expires: number
  readonly at: number
}
interface Bid {
  readonly auction: number
  readonly price: number
  readonly at: number
}
interface Rate {
  readonly currency: string
  readonly perEuro: number
  readonly at: number
}

function streams(flow: Flow) {
  const epochs = limitOutOfOrderness(1_000)
  const auctions = flow
    .source('auctions', fromIterable<Auction>([]), { epochs, timestamp: ({ at }) => at })
    .onTime.keyDistribute('auctions by id', ({ id }) => id)
  const bids = flow
    .source('bids', fromIterable<Bid>([]), { epochs, timestamp: ({ at }) => at })
    .onTime.keyDistribute('bids by auction', ({ auction }) => auction)
  const rates = flow
    .source('rates', fromIterable<Rate>([]), { epochs, timestamp: ({ at }) => at })
    .onTime.keyDistribute('rates by auction', () => 1)
  return { auctions, bids, rates }
}

const job = defineJob({
  name: 'auctions',
  module: import.meta.url,
  build(flow) {
    const { auctions, bids, rates } = streams(flow)
    // #region joins
    // Bids between the start and the end of their auction; a bid belongs to one auction, so it is not kept once it has found it.
    auctions
      .intervalJoin(
        'bids in time',
        bids,
        { lower: 0, upper: (auction) => auction.expires, matchesOnce: 'right' },
        ({ item }, { price }) => ({ item, price }),
      )
      .sink('valid bids', discard())

    // Every pair, however far apart: what is kept for ever has to be said.
    auctions
      .join('all bids', bids, { unbounded: true, type: 'left' }, ({ item }, bid) => `${item}: ${bid?.price ?? 'no bid'}`)
      .sink('all', discard())

    // How many bids each auction has per minute, also of minutes that have none of one side.
    auctions
      .coGroup('per minute', bids, tumbling({ minutes: 1 }), (started, minute, window) => [[window.start, started.length, minute.length]])
      .sink('minutes', discard())

    // The rate that was valid at the time of the bid.
    bids.temporalJoin('in euros', rates, { unbounded: true }, ({ price }, { perEuro }) => price / perEuro).sink('euros', discard())
    // #endregion
  },
})

it('does what the README says', async () => {
  const [auctions, bids, rates] = [testSource<Auction>(), testSource<Bid>(), testSource<Rate>()]
  const sinks = { 'valid bids': testSink(), all: testSink(), minutes: testSink(), euros: testSink() }
  await using test = await testJob(job, { sources: { auctions, bids, rates }, sinks })
  auctions.push({ id: 1, item: 'chair', expires: 30_000, at: 10_000 }, 0)
  auctions.push({ id: 2, item: 'table', expires: 30_000, at: 10_000 }, 0)
  for (const [price, at] of [
    [5, 9_999],
    [6, 10_000],
    [7, 30_000],
    [8, 70_000],
  ] as const) {
    bids.push({ auction: 1, price, at }, 0)
  }
  rates.push({ currency: 'USD', perEuro: 2, at: 10_000 }, 0)
  await test.finish()
  const values = (sink: keyof typeof sinks) => sinks[sink].committed.map(({ value }) => value)
  expect(values('valid bids')).toEqual([
    { item: 'chair', price: 6 },
    { item: 'chair', price: 7 },
  ])
  expect(values('all').sort()).toEqual(['chair: 5', 'chair: 6', 'chair: 7', 'chair: 8', 'table: no bid'])
  expect(values('minutes').map(String).sort()).toEqual(['0,1,0', '0,1,3', '60000,0,1'])
  expect(values('euros')).toEqual([3, 3.5, 4])
})
