import { EventGenerator, timeOf } from '../event-generator.ts'
import type { QueryName } from '../queries/index.ts'
import { EUROS_PER_1000_DOLLARS } from '../queries/q1.ts'
import { EVERY_AUCTION } from '../queries/q2.ts'
import { isOfInterest } from '../queries/q3.ts'
import { WINDOW_MS as HOT_WINDOW_MS, SLIDE_MS } from '../queries/q5.ts'
import { averageOf, LAST_AUCTIONS } from '../queries/q6.ts'
import { WINDOW_MS } from '../queries/q7.ts'
import type { Answer } from '../query.ts'
import type { SeedingName } from '../seeding.ts'
import { addTo, emptySum, sumOf } from '../sum.ts'
import { handAuctions } from './hand-auctions.ts'

const SLICES = HOT_WINDOW_MS / SLIDE_MS

/** How a query is answered by hand, for events in order. */
export type HandLoop = (events: number, seed: SeedingName) => Answer

/**
 * Each query as one loop that a good engineer would write for events in order: `Map`s, no rows where only sums of them are asked for,
 * and memory that does not grow with the number of events, but for q3 and q6. Jobs are measured against these, and checked.
 */
export const handLoops: Readonly<Record<QueryName, HandLoop>> = {
  q0(events, seed) {
    const generator = new EventGenerator(seed)
    let [count, sumAuction, sumBidder, sumPrice] = [0, 0, 0, 0]
    for (let id = 0; id < events; id++) {
      const event = generator.event(id)
      if (event.kind !== 'bid') continue
      count++
      sumAuction += event.auction
      sumBidder += event.bidder
      sumPrice += event.price
    }
    return { count, sumAuction, sumBidder, sumPrice }
  },
  q1(events, seed) {
    const generator = new EventGenerator(seed)
    const sum = emptySum()
    for (let id = 0; id < events; id++) {
      const event = generator.event(id)
      if (event.kind === 'bid') addTo(sum, event.price * EUROS_PER_1000_DOLLARS)
    }
    return { sumPrice908: sumOf(sum) }
  },
  q2(events, seed) {
    const generator = new EventGenerator(seed)
    let [count, sumAuction, sumPrice] = [0, 0, 0]
    for (let id = 0; id < events; id++) {
      const event = generator.event(id)
      if (event.kind !== 'bid' || event.auction % EVERY_AUCTION !== 0) continue
      count++
      sumAuction += event.auction
      sumPrice += event.price
    }
    return { count, sumAuction, sumPrice }
  },
  q3(events, seed) {
    const generator = new EventGenerator(seed)
    const persons = new Set<number>()
    const waiting = new Map<number, number[]>()
    let [count, sumId] = [0, 0]
    for (let id = 0; id < events; id++) {
      const event = generator.event(id)
      if (event.kind === 'bid' || !isOfInterest(event)) continue
      if (event.kind === 'person') {
        persons.add(event.id)
        for (const auction of waiting.get(event.id) ?? []) {
          count++
          sumId += auction
        }
        waiting.delete(event.id)
      } else if (persons.has(event.seller)) {
        count++
        sumId += event.id
      } else {
        const auctions = waiting.get(event.seller)
        if (auctions === undefined) waiting.set(event.seller, [event.id])
        else auctions.push(event.id)
      }
    }
    return { count, sumId }
  },
  q4(events, seed) {
    const totals = new Map<number, { count: number; total: number }>()
    handAuctions(events, seed, ({ category }, price) => {
      const known = totals.get(category)
      if (known === undefined) totals.set(category, { count: 1, total: price })
      else {
        known.count++
        known.total += price
      }
    })
    const averages = [...totals].map(([category, { count, total }]) => [category, { count, average: Math.floor(total / count) }])
    return Object.fromEntries(averages)
  },
  q5(events, seed) {
    const generator = new EventGenerator(seed)
    const hottest = new Hottest()
    let slice = Math.floor(timeOf(0) / SLIDE_MS)
    let counts = new Map<number, number>()
    for (let id = 0; id < events; id++) {
      const now = Math.floor(timeOf(id) / SLIDE_MS)
      for (; slice < now; slice++) {
        hottest.endSlice(counts)
        counts = new Map()
      }
      const event = generator.event(id)
      if (event.kind === 'bid') counts.set(event.auction, (counts.get(event.auction) ?? 0) + 1)
    }
    for (let end = 0; end < SLICES; end++) hottest.endSlice(end === 0 ? counts : new Map())
    const { rows, sumAuction, sumNum, windows } = hottest
    return { rows, sumAuction, sumNum, windows }
  },
  q6(events, seed) {
    const sellers = new Map<number, number[]>()
    let [rows, sumSeller, sumAverage] = [0, 0, 0]
    handAuctions(events, seed, ({ seller }, price) => {
      const prices = sellers.get(seller) ?? []
      if (prices.length === 0) sellers.set(seller, prices)
      prices.push(price)
      if (prices.length > LAST_AUCTIONS) prices.shift()
      rows++
      sumSeller += seller
      sumAverage += averageOf(prices)
    })
    return { rows, sumSeller, sumAverage }
  },
  q7(events, seed) {
    const generator = new EventGenerator(seed)
    let [rows, sumAuction, sumBidder, sumPrice] = [0, 0, 0, 0]
    let window = Math.floor(timeOf(0) / WINDOW_MS)
    let [count, auctions, bidders, price, before] = [0, 0, 0, -1, -1]
    const endWindow = () => {
      rows += count
      sumAuction += auctions
      sumBidder += bidders
      sumPrice += count * Math.max(price, 0)
      before = price
      count = auctions = bidders = 0
      price = -1
    }
    for (let id = 0; id < events; id++) {
      const time = timeOf(id)
      for (const now = Math.floor(time / WINDOW_MS); window < now; window++) endWindow()
      const event = generator.event(id)
      if (event.kind !== 'bid') continue
      // The first moment of a window is the last one at which a bid is joined to the window before.
      if (event.price === before && time % WINDOW_MS === 0) {
        rows++
        sumAuction += event.auction
        sumBidder += event.bidder
        sumPrice += event.price
      }
      if (event.price < price) continue
      if (event.price > price) count = auctions = bidders = 0
      price = event.price
      count++
      auctions += event.auction
      bidders += event.bidder
    }
    endWindow()
    return { rows, sumAuction, sumBidder, sumPrice }
  },
  q8(events, seed) {
    const generator = new EventGenerator(seed)
    let window = Math.floor(timeOf(0) / WINDOW_MS)
    let persons = new Set<number>()
    let sellers = new Set<number>()
    let [rows, sumId] = [0, 0]
    for (let id = 0; id < events; id++) {
      const now = Math.floor(timeOf(id) / WINDOW_MS)
      if (now > window) {
        window = now
        persons = new Set()
        sellers = new Set()
      }
      const event = generator.event(id)
      if (event.kind === 'bid') continue
      const [own, others, person] = event.kind === 'person' ? [persons, sellers, event.id] : [sellers, persons, event.seller]
      if (own.has(person)) continue
      own.add(person)
      if (!others.has(person)) continue
      rows++
      sumId += person
    }
    return { rows, sumId }
  },
  q9(events, seed) {
    let [rows, sumAuction, sumPrice] = [0, 0, 0]
    handAuctions(events, seed, ({ id }, price) => {
      rows++
      sumAuction += id
      sumPrice += price
    })
    return { rows, sumAuction, sumPrice }
  },
}

/** The auctions with the most bids in the last five slices. */
class Hottest {
  rows = 0
  sumAuction = 0
  sumNum = 0
  windows = 0
  readonly #slices: Map<number, number>[] = []

  endSlice(counts: Map<number, number>): void {
    this.#slices.push(counts)
    if (this.#slices.length > SLICES) this.#slices.shift()
    const sums = new Map<number, number>()
    let most = 0
    for (const slice of this.#slices) {
      for (const [auction, count] of slice) {
        const sum = (sums.get(auction) ?? 0) + count
        sums.set(auction, sum)
        if (sum > most) most = sum
      }
    }
    if (most > 0) this.windows++
    for (const [auction, sum] of sums) {
      if (sum !== most) continue
      this.rows++
      this.sumAuction += auction
      this.sumNum += sum
    }
  }
}
