/** Somebody who may sell and bid. */
export interface Person {
  readonly kind: 'person'
  readonly id: number
  readonly name: string
  readonly city: string
  readonly state: string
}

/** Something that is for sale, from the timestamp of the event on. */
export interface Auction {
  readonly kind: 'auction'
  readonly id: number
  readonly seller: number
  readonly category: number
  /** The last moment at which it takes bids, in milliseconds since 1970. */
  readonly expires: number
}

export interface Bid {
  readonly kind: 'bid'
  readonly auction: number
  readonly bidder: number
  /** In cents. */
  readonly price: number
}

/**
 * An event of the stream. Its time is the timestamp of the record. What no query reads is left out: e-mail and credit card of a
 * person, name, description and prices of an auction.
 */
export type NexmarkEvent = Person | Auction | Bid
