import {
  D2,
  distinct,
  filter,
  type IStreamBuilder,
  innerJoin,
  type KeyValue,
  MessageType,
  MultiSet,
  map,
  output,
  reduce,
} from '@electric-sql/d2ts'
import type { Answer, Auction, Bid, NexmarkEvent, Person } from '@malstrom/app-nexmark'
import type { KeptEvents, Timed } from './kept-events.ts'

/** As for the other cases: the fastest of 100, 1,000, 10,000 and everything at once, within the noise. */
const BATCH_EVENTS = 1_000
const WINDOW_MS = 10_000

/** Queries of Nexmark as differential dataflow, over the events in order: one version, in batches, as in `runD2ts`. */
export const d2tsNexmark = {
  q3({ events }: KeptEvents): Answer {
    const answer = { count: 0, sumId: 0 }
    run(events, (input) => {
      const persons = input.pipe(
        filter(isPersonNearby),
        map((event): KeyValue<number, Person> => [(event as Person).id, event as Person]),
      )
      input
        .pipe(
          filter((event) => event.kind === 'auction' && event.category === 10),
          map((event): KeyValue<number, number> => [(event as Auction).seller, (event as Auction).id]),
          innerJoin(persons),
        )
        .pipe(
          forEach<KeyValue<number, [number, Person]>>(([, [id]]) => {
            answer.count++
            answer.sumId += id
          }),
        )
    })
    return answer
  },
  q4({ rows }: KeptEvents): Answer {
    const answer: Record<string, { count: number; average: number }> = {}
    run(rows, (input) => {
      const auctions = input.pipe(
        filter(({ event }) => event.kind === 'auction'),
        map(({ event, time }): KeyValue<number, Timed<Auction>> => [(event as Auction).id, { event: event as Auction, time }]),
      )
      input
        .pipe(
          filter(({ event }) => event.kind === 'bid'),
          map(({ event, time }): KeyValue<number, Timed<Bid>> => [(event as Bid).auction, { event: event as Bid, time }]),
          innerJoin(auctions),
        )
        .pipe(
          filter<KeyValue<number, [Timed<Bid>, Timed<Auction>]>>(
            ([, [bid, auction]]) => bid.time >= auction.time && bid.time <= auction.event.expires,
          ),
          map(([id, [bid, auction]]): KeyValue<string, number> => [`${id}/${auction.event.category}`, bid.event.price]),
          reduce((prices: [number, number][]) => [[Math.max(...prices.map(([price]) => price)), 1] as [number, number]]),
          map(([auction, price]): KeyValue<string, [string, number]> => [auction.split('/')[1] as string, [auction, price]]),
          reduce((prices: [[string, number], number][]) => {
            const total = prices.reduce((sum, [[, price]]) => sum + price, 0)
            return [
              [{ count: prices.length, average: Math.floor(total / prices.length) }, 1] as [{ count: number; average: number }, number],
            ]
          }),
          forEach(([category, average]) => {
            answer[category] = average
          }),
        )
    })
    return answer
  },
  q8({ rows }: KeptEvents): Answer {
    const answer = { rows: 0, sumId: 0 }
    run(rows, (input) => {
      const sellers = input.pipe(
        filter(({ event }) => event.kind === 'auction'),
        map(({ event, time }): KeyValue<string, string> => [windowKey((event as Auction).seller, time), 'sells']),
        distinct(),
      )
      input
        .pipe(
          filter(({ event }) => event.kind === 'person'),
          map(({ event, time }): KeyValue<string, string> => [windowKey((event as Person).id, time), (event as Person).name]),
          distinct(),
          innerJoin(sellers),
        )
        .pipe(
          forEach<KeyValue<string, [string, string]>>(([key]) => {
            answer.rows++
            answer.sumId += Number(key.split('/')[0])
          }),
        )
    })
    return answer
  },
}

function isPersonNearby(event: NexmarkEvent): boolean {
  return event.kind === 'person' && (event.state === 'OR' || event.state === 'ID' || event.state === 'CA')
}

function windowKey(id: number, time: number): string {
  return `${id}/${Math.floor(time / WINDOW_MS)}`
}

function forEach<R>(f: (row: R) => void) {
  return output<R>((message) => {
    if (message.type !== MessageType.DATA) return
    for (const [row] of message.data.collection.getInner()) f(row)
  })
}

function run<E>(events: readonly E[], build: (input: IStreamBuilder<E>) => void): void {
  const graph = new D2({ initialFrontier: 0 })
  const input = graph.newInput<E>()
  build(input)
  graph.finalize()
  for (let start = 0; start < events.length; start += BATCH_EVENTS) {
    input.sendData(0, new MultiSet(events.slice(start, start + BATCH_EVENTS).map((event) => [event, 1])))
    graph.run()
  }
  input.sendFrontier(1)
  graph.run()
}
