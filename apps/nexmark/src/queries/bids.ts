import type { Stream } from 'malstrom'
import type { Auction, Bid, NexmarkEvent, Person } from '../events.ts'

export function bidsOf(events: Stream<NexmarkEvent, number>): Stream<Bid, number> {
  return events.filter('bids', isBid)
}

export function isBid(event: NexmarkEvent): event is Bid {
  return event.kind === 'bid'
}

export function isAuction(event: NexmarkEvent): event is Auction {
  return event.kind === 'auction'
}

export function isPerson(event: NexmarkEvent): event is Person {
  return event.kind === 'person'
}
