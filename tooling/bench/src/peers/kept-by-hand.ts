import type { Answer, NexmarkEvent } from '@malstrom/app-nexmark'
import type { KeptEvents } from './kept-events.ts'

const WINDOW_MS = 10_000

/** The loops that one would write for events that are there, in order: what looking at each of them costs at least. */
export const keptByHand = {
  q3({ events }: KeptEvents): Answer {
    const persons = new Set<number>()
    const waiting = new Map<number, number[]>()
    let [count, sumId] = [0, 0]
    for (let i = 0; i < events.length; i++) {
      const event = events[i] as NexmarkEvent
      if (event.kind === 'person') {
        if (event.state !== 'OR' && event.state !== 'ID' && event.state !== 'CA') continue
        persons.add(event.id)
        for (const auction of waiting.get(event.id) ?? []) {
          count++
          sumId += auction
        }
        waiting.delete(event.id)
      } else if (event.kind === 'auction' && event.category === 10) {
        if (persons.has(event.seller)) {
          count++
          sumId += event.id
        } else {
          const auctions = waiting.get(event.seller)
          if (auctions === undefined) waiting.set(event.seller, [event.id])
          else auctions.push(event.id)
        }
      }
    }
    return { count, sumId }
  },
  q8({ events, times }: KeptEvents): Answer {
    let window = -1
    let persons = new Set<number>()
    let sellers = new Set<number>()
    let [rows, sumId] = [0, 0]
    for (let i = 0; i < events.length; i++) {
      const event = events[i] as NexmarkEvent
      if (event.kind === 'bid') continue
      const now = Math.floor((times[i] as number) / WINDOW_MS)
      if (now > window) {
        window = now
        persons = new Set()
        sellers = new Set()
      }
      const [own, others, person] = event.kind === 'person' ? [persons, sellers, event.id] : [sellers, persons, event.seller]
      if (own.has(person)) continue
      own.add(person)
      if (!others.has(person)) continue
      rows++
      sumId += person
    }
    return { rows, sumId }
  },
}
