import type { NexmarkEvent } from './events.ts'
import { JavaRandom } from './java-random.ts'
import { priceOf } from './price.ts'
import { type Seeding, type SeedingName, seedings } from './seeding.ts'

/** Of 50 events in a row, one is a person, three are auctions and 46 are bids. */
const EVENTS_OF_TURN = 50
const AUCTIONS_OF_TURN = 3
/** Events from an auction to the one that is 100 auctions later. */
const EVENTS_IN_FLIGHT = Math.floor((100 * EVENTS_OF_TURN) / AUCTIONS_OF_TURN)
const PERSONS_ACTIVE_MAX = 1_000
const AUCTIONS_IN_FLIGHT = 100
/** Ids may be drawn that come only so much later. */
const ID_LEAD = 10
/** Every hundredth person or auction is a hot one. */
const HOT_EVERY = 100
const FIRST_ID = 1_000
const FIRST_CATEGORY = 10
const CATEGORIES = 5

/** Draws of 31 bits below it are in a complete range of remainders, whatever the bound up to `PERSONS_ACTIVE_MAX + ID_LEAD`. */
const SAFE_BITS = 2 ** 31 - 2_048

const BASE_TIME_MS = 1_436_918_400_000
/** Events per millisecond of event time. */
const EVENTS_PER_MS = 10

const FIRST_NAMES = 'Peter Paul Luke John Saul Vicky Kate Julie Sarah Deiter Walter'.split(' ')
const LAST_NAMES = 'Shultz Abrams Spencer White Bartels Walton Smith Jones Noris'.split(' ')
const NAMES = FIRST_NAMES.map((first) => LAST_NAMES.map((last) => `${first} ${last}`))
const CITIES = 'Phoenix,Los Angeles,San Francisco,Boise,Portland,Bend,Redmond,Seattle,Kent,Cheyenne'.split(',')
const STATES = 'AZ CA ID OR WA WY'.split(' ')

/** When event `id` happens, in milliseconds since 1970: 10,000 a second, from 15 July 2015 on. */
export function timeOf(id: number): number {
  return BASE_TIME_MS + Math.floor(id / EVENTS_PER_MS)
}

/** The first event that happens at `time`. */
export function firstEventAt(time: number): number {
  return (time - BASE_TIME_MS) * EVENTS_PER_MS
}

/**
 * The events of Nexmark (Tucker, Tufte, Papadimos and Maier, 2002) as Apache Beam makes them, draw by draw. An event depends on its
 * number only, so events can be made in any order and in any place.
 */
export class EventGenerator {
  readonly #random = new JavaRandom()
  readonly #seeding: Seeding

  /** `java` for the golden answers, `splitmix` where events are to look independent of each other. */
  constructor(seeding: SeedingName) {
    this.#seeding = seedings[seeding]()
  }

  /** Event `id`, a whole number from 0 on. */
  event(id: number): NexmarkEvent {
    const turn = Math.floor(id / EVENTS_OF_TURN)
    const rest = id - turn * EVENTS_OF_TURN
    if (rest > AUCTIONS_OF_TURN) return this.#bid(id, turn)
    this.#random.seed(id, this.#seeding)
    return rest === 0 ? this.#person(turn) : this.#auction(id, turn, rest - 1)
  }

  /**
   * What `#anyBid` does, with the steps of `JavaRandom` written out: nearly all events are bids, and a state in variables is twice
   * as fast as one in an object.
   */
  #bid(id: number, turn: number): NexmarkEvent {
    let low = (this.#seeding.low(id) ^ 0xec_e6_6d) & 0xff_ff_ff
    let high = (this.#seeding.high ^ 0x5_de) & 0xff_ff_ff
    let a = (low & 0xf_ff) * 0x6_6d + 11
    let b = (low >>> 12) * 0x6_6d + (low & 0xf_ff) * 0xe_ce + (a >>> 12)
    high = (Math.imul(high, 0xec_e6_6d) + Math.imul(low, 0x5_de) + (low >>> 12) * 0xe_ce + (b >>> 12)) & 0xff_ff_ff
    low = ((b & 0xf_ff) << 12) | (a & 0xf_ff)
    const last = turn * AUCTIONS_OF_TURN + AUCTIONS_OF_TURN - 1
    let auction = last - (last % HOT_EVERY)
    if (high >>> 23 === 0) {
      a = (low & 0xf_ff) * 0x6_6d + 11
      b = (low >>> 12) * 0x6_6d + (low & 0xf_ff) * 0xe_ce + (a >>> 12)
      high = (Math.imul(high, 0xec_e6_6d) + Math.imul(low, 0x5_de) + (low >>> 12) * 0xe_ce + (b >>> 12)) & 0xff_ff_ff
      low = ((b & 0xf_ff) << 12) | (a & 0xf_ff)
      const first = Math.max(last - AUCTIONS_IN_FLIGHT, 0)
      const bound = last - first + 1 + ID_LEAD
      const bits = (high << 7) | (low >>> 17)
      if (bits >= SAFE_BITS || (bound & (bound - 1)) === 0) return this.#anyBid(id, turn)
      auction = first + (bits % bound)
    }
    a = (low & 0xf_ff) * 0x6_6d + 11
    b = (low >>> 12) * 0x6_6d + (low & 0xf_ff) * 0xe_ce + (a >>> 12)
    high = (Math.imul(high, 0xec_e6_6d) + Math.imul(low, 0x5_de) + (low >>> 12) * 0xe_ce + (b >>> 12)) & 0xff_ff_ff
    low = ((b & 0xf_ff) << 12) | (a & 0xf_ff)
    let bidder = turn - (turn % HOT_EVERY) + 1
    if (high >>> 22 === 0) {
      a = (low & 0xf_ff) * 0x6_6d + 11
      b = (low >>> 12) * 0x6_6d + (low & 0xf_ff) * 0xe_ce + (a >>> 12)
      high = (Math.imul(high, 0xec_e6_6d) + Math.imul(low, 0x5_de) + (low >>> 12) * 0xe_ce + (b >>> 12)) & 0xff_ff_ff
      low = ((b & 0xf_ff) << 12) | (a & 0xf_ff)
      const active = Math.min(turn + 1, PERSONS_ACTIVE_MAX)
      const bound = active + ID_LEAD
      const bits = (high << 7) | (low >>> 17)
      if (bits >= SAFE_BITS || (bound & (bound - 1)) === 0) return this.#anyBid(id, turn)
      bidder = turn + 1 - active + (bits % bound)
    }
    a = (low & 0xf_ff) * 0x6_6d + 11
    b = (low >>> 12) * 0x6_6d + (low & 0xf_ff) * 0xe_ce + (a >>> 12)
    high = (Math.imul(high, 0xec_e6_6d) + Math.imul(low, 0x5_de) + (low >>> 12) * 0xe_ce + (b >>> 12)) & 0xff_ff_ff
    low = ((b & 0xf_ff) << 12) | (a & 0xf_ff)
    const upper = (high << 2) | (low >>> 22)
    a = (low & 0xf_ff) * 0x6_6d + 11
    b = (low >>> 12) * 0x6_6d + (low & 0xf_ff) * 0xe_ce + (a >>> 12)
    high = (Math.imul(high, 0xec_e6_6d) + Math.imul(low, 0x5_de) + (low >>> 12) * 0xe_ce + (b >>> 12)) & 0xff_ff_ff
    low = ((b & 0xf_ff) << 12) | (a & 0xf_ff)
    const unit = (upper * 2 ** 27 + ((high << 3) | (low >>> 21))) * 2 ** -53
    return { kind: 'bid', auction: FIRST_ID + auction, bidder: FIRST_ID + bidder, price: priceOf(unit) }
  }

  /** Also what may have to be drawn again, and below powers of two, where Java draws otherwise. */
  #anyBid(id: number, turn: number): NexmarkEvent {
    const random = this.#random
    random.seed(id, this.#seeding)
    const last = turn * AUCTIONS_OF_TURN + AUCTIONS_OF_TURN - 1
    const auction = random.unlessZeroOf(1) ? last - (last % HOT_EVERY) : this.#anyAuction(last)
    const bidder = random.unlessZeroOf(2) ? turn - (turn % HOT_EVERY) + 1 : this.#anyPerson(turn)
    return { kind: 'bid', auction: FIRST_ID + auction, bidder: FIRST_ID + bidder, price: priceOf(random.unit()) }
  }

  #auction(id: number, turn: number, index: number): NexmarkEvent {
    const random = this.#random
    const seller = random.unlessZeroOf(2) ? turn - (turn % HOT_EVERY) : this.#anyPerson(turn)
    const category = FIRST_CATEGORY + random.below(CATEGORIES)
    // The first price, which no query reads.
    random.unit()
    const time = timeOf(id)
    const horizonMs = timeOf(id + EVENTS_IN_FLIGHT) - time
    const expires = time + 1 + random.below(2 * horizonMs)
    return { kind: 'auction', id: FIRST_ID + turn * AUCTIONS_OF_TURN + index, seller: FIRST_ID + seller, category, expires }
  }

  #person(turn: number): NexmarkEvent {
    const random = this.#random
    const firstName = random.below(FIRST_NAMES.length)
    const lastName = random.below(LAST_NAMES.length)
    this.#skipText(7)
    this.#skipText(5)
    // The four numbers of the credit card.
    for (let i = 0; i < 4; i++) random.below(10_000)
    const city = CITIES[random.below(CITIES.length)] as string
    const state = STATES[random.below(STATES.length)] as string
    return { kind: 'person', id: FIRST_ID + turn, name: NAMES[firstName]?.[lastName] as string, city, state }
  }

  #anyPerson(turn: number): number {
    const persons = turn + 1
    const active = Math.min(persons, PERSONS_ACTIVE_MAX)
    return persons - active + this.#random.below(active + ID_LEAD)
  }

  #anyAuction(last: number): number {
    const first = Math.max(last - AUCTIONS_IN_FLIGHT, 0)
    return first + this.#random.below(last - first + 1 + ID_LEAD)
  }

  /** Draws a text of at least three letters, of which nothing is kept: what is drawn next depends on it. */
  #skipText(lengthMax: number): void {
    const random = this.#random
    const length = 3 + random.below(lengthMax - 3)
    for (let i = 0; i < length; i++) if (random.below(13) !== 0) random.below(26)
  }
}
