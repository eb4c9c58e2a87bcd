import { expect, it } from 'vitest'
import { EventGenerator, firstEventAt, timeOf } from './event-generator.ts'
import { referenceEvent } from './fixture/reference-event.ts'
import { ReferenceRandom, splitMix64 } from './fixture/reference-random.ts'

// Found by a search: a draw of these bids has its upper 20 bits set, so it lies at the edge of the last complete range of remainders.
const EDGES = [1_612_046, 2_076_169, 2_663_881, 5_405_815, 6_051_087, 6_097_932, 6_213_581, 8_204_466]

const ids = [...Array.from({ length: 2_000 }, (_, id) => id), ...Array.from({ length: 500 }, (_, i) => 60_000 + 977 * i)]

it.each([
  ['java', (id: number) => BigInt(id)],
  ['splitmix', (id: number) => splitMix64(BigInt(id))],
] as const)('makes the events of the definition, draw by draw, with the seeding "%s"', (name, seedOf) => {
  const generator = new EventGenerator(name)
  for (const id of ids) expect(generator.event(id)).toEqual(referenceEvent(id, new ReferenceRandom(seedOf(id))))
})

it('draws again what lies in the last, incomplete range of remainders', () => {
  const generator = new EventGenerator('java')
  for (const id of EDGES) expect(generator.event(id)).toEqual(referenceEvent(id, new ReferenceRandom(BigInt(id))))
})

it('makes 10 events in each millisecond', () => {
  expect([0, 9, 10, 100_000].map((id) => timeOf(id) - 1_436_918_400_000)).toEqual([0, 0, 1, 10_000])
  for (const id of [0, 10, 12_340]) expect(firstEventAt(timeOf(id + 7))).toBe(id)
})
