import { errorOf, sourceSuite } from '@malstrom/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventGenerator, timeOf } from './event-generator.ts'
import { type EventOptions, type EventPosition, eventEpochs, eventSource } from './event-source.ts'
import type { NexmarkEvent } from './events.ts'

const options: EventOptions = { events: 60, seed: 'java', outOfOrder: 7, partitions: 2 }

interface Read {
  readonly event: NexmarkEvent
  readonly time: number
}

/** What a partition emits, asked for `limit` records at a time. */
async function readPartition(all: EventOptions, partition: number, limit: number): Promise<Read[]> {
  const reader = await eventSource(all).openPartition(partition, undefined, { job: '', operator: '', worker: 0, generation: 1 })
  const records: Read[] = []
  const output = {
    emit: () => expect.unreachable('events come in arrays'),
    emitIndexed: () => expect.unreachable('events have times of their own'),
    emitAll(values: readonly NexmarkEvent[], start: number, end: number, timestamps: ArrayLike<number>) {
      for (let i = start; i < end; i++) records.push({ event: values[i] as NexmarkEvent, time: timestamps[i - start] as number })
    },
  }
  while (reader.poll(output, limit) !== 'finished') expect(records.length).toBeLessThanOrEqual(all.events)
  return records
}

const generator = new EventGenerator('java')
// With fewer events than a block has, all are in the first partition.
const inGroups = Array.from({ length: 63 }, (_, n) => n - (n % 7) + ((n * 953) % 7)).filter((id) => id < 60)

sourceSuite<NexmarkEvent, number, number, EventPosition>('eventSource', {
  create: () => eventSource(options),
  expected: [
    { partition: 0, records: inGroups.map((id) => ({ value: generator.event(id), timestamp: timeOf(id) })) },
    { partition: 1, records: [] },
  ],
})

describe('eventSource', () => {
  it('has the same events in any order and any number of partitions, none behind its epoch', async () => {
    const arbitrary = fc.record({
      events: fc.integer({ min: 1, max: 6_000 }),
      outOfOrder: fc.integer({ min: 1, max: 2_000 }).filter((events) => events === 1 || events % 953 !== 0),
      partitions: fc.integer({ min: 1, max: 4 }),
      blockEvents: fc.constantFrom(1, 300, 1_000, undefined),
    })
    const property = fc.asyncProperty(arbitrary, fc.integer({ min: 1, max: 1_024 }), async (shape, limit) => {
      const all: EventOptions = { ...shape, seed: 'java' }
      const read: Read[] = []
      for (let partition = 0; partition < all.partitions; partition++) {
        const records = await readPartition(all, partition, limit)
        const epochOf = eventEpochs(all.outOfOrder)
        let epoch: number | undefined
        for (const { event, time } of records) {
          if (epoch !== undefined) expect(time).toBeGreaterThan(epoch)
          epoch = epochOf(event, time, epoch) ?? epoch
        }
        read.push(...records)
      }
      const texts = (records: readonly Read[]) => records.map((record) => JSON.stringify(record)).sort()
      expect(texts(read)).toEqual(texts(Array.from({ length: all.events }, (_, id) => ({ event: generator.event(id), time: timeOf(id) }))))
    })
    await fc.assert(property, { numRuns: 30 })
  })

  it('mixes the events of a group up', async () => {
    const records = await readPartition({ events: 1_000, seed: 'java', outOfOrder: 1_000, partitions: 1 }, 0, 1_024)
    expect(records.slice(0, 3).map(({ event }) => event)).toEqual([0, 953, 906].map((id) => generator.event(id)))
  })

  it.each([
    [{ events: 0 }, 'events'],
    [{ events: 1.5 }, 'events'],
    [{ seed: 'c' as never }, 'seed is java or splitmix'],
    [{ outOfOrder: 0 }, 'outOfOrder'],
    [{ outOfOrder: 1_906 }, 'no multiple of 953'],
    [{ partitions: 0 }, 'partitions'],
    [{ blockEvents: 0.5 }, 'blockEvents'],
  ])('refuses %j', async (wrong, message) => {
    const error = await errorOf(Promise.resolve().then(() => eventSource({ ...options, ...wrong })))
    expect(error).toMatchObject({ code: 'ERR_OPERATOR_ARGUMENT', message: expect.stringContaining(message) })
  })
})
