import { EventGenerator, timeOf } from '../event-generator.ts'
import type { Auction, Bid } from '../events.ts'
import type { SeedingName } from '../seeding.ts'

/** How often it is looked what has expired, in events. */
const CLOSE_EVERY = 1_000

interface Lot {
  readonly auction: Auction
  price: number
}

/** Reads the events in order and calls `ended` for each auction that had a bid, in the order in which they expire. */
export function handAuctions(events: number, seed: SeedingName, ended: (auction: Auction, price: number) => void): void {
  const generator = new EventGenerator(seed)
  const lots = new Map<number, Lot>()
  // An auction may come after bids of the same millisecond, which count; earlier ones do not.
  let early: Bid[] = []
  let earlyAt = 0
  let newest = -1
  for (let id = 0; id < events; id++) {
    const event = generator.event(id)
    if (event.kind === 'bid') {
      const lot = lots.get(event.auction)
      if (lot !== undefined) {
        if (event.price > lot.price && timeOf(id) <= lot.auction.expires) lot.price = event.price
      } else if (event.auction > newest) {
        const time = timeOf(id)
        if (time !== earlyAt) early = []
        earlyAt = time
        early.push(event)
      }
    } else if (event.kind === 'auction') {
      const lot = { auction: event, price: -1 }
      newest = event.id
      lots.set(event.id, lot)
      if (timeOf(id) === earlyAt) {
        for (const bid of early) if (bid.auction === event.id && bid.price > lot.price) lot.price = bid.price
      }
    }
    if (id % CLOSE_EVERY === CLOSE_EVERY - 1) close(lots, timeOf(id + 1), ended)
  }
  close(lots, Number.POSITIVE_INFINITY, ended)
}

/** Ends the auctions that expire before `time`. */
function close(lots: Map<number, Lot>, time: number, ended: (auction: Auction, price: number) => void): void {
  const over: Lot[] = []
  for (const lot of lots.values()) if (lot.auction.expires < time) over.push(lot)
  over.sort((a, b) => a.auction.expires - b.auction.expires || a.auction.id - b.auction.id)
  for (const { auction, price } of over) {
    lots.delete(auction.id)
    if (price >= 0) ended(auction, price)
  }
}
