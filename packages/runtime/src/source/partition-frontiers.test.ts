import { numberTime, type TimestampAlgebra } from '@malstrom/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type PartitionFrontier, PartitionFrontiers } from './partition-frontiers.ts'

const time = numberTime as TimestampAlgebra<unknown>

function frontiersOf(partitions: number) {
  const frontiers = new PartitionFrontiers(time)
  const all = Array.from({ length: partitions }, () => frontiers.add())
  return {
    frontiers,
    all,
    /** A record of a partition: whether it is late, and the merged epoch that follows. It leads to an epoch at its timestamp, if not to another. */
    record(partition: number, timestamp: number, epoch: unknown = timestamp) {
      const current = all[partition] as PartitionFrontier
      current.excluded = false
      frontiers.current = current
      const { bound } = frontiers
      return { late: bound !== undefined && timestamp <= (bound as number), epoch: frontiers.advance(epoch) }
    },
    exclude(partition: number) {
      ;(all[partition] as PartitionFrontier).excluded = true
      return frontiers.merge()
    },
  }
}

describe('PartitionFrontiers', () => {
  it('waits for every partition, then is the smallest of their frontiers', () => {
    const { record } = frontiersOf(2)
    expect(record(0, 5)).toEqual({ late: false, epoch: undefined })
    expect(record(1, 3)).toEqual({ late: false, epoch: 3 })
    expect(record(0, 9)).toEqual({ late: false, epoch: undefined })
    expect(record(1, 7)).toEqual({ late: false, epoch: 7 })
    expect(record(1, 12)).toEqual({ late: false, epoch: 9 })
  })

  it('calls a record late by the frontier of its own partition, which may be ahead of the merged one', () => {
    const { record } = frontiersOf(2)
    record(0, 10)
    record(1, 2)
    expect(record(0, 8).late).toBe(true)
    expect(record(1, 3).late).toBe(false)
  })

  it('excludes a partition, and goes on with the others', () => {
    const { record, exclude } = frontiersOf(3)
    record(0, 5)
    record(1, 8)
    expect(exclude(2)).toBe(5)
    expect(exclude(0)).toBe(8)
  })

  it('is the largest frontier where all are excluded', () => {
    const { record, exclude } = frontiersOf(3)
    record(0, 5)
    record(1, 8)
    record(2, 6)
    expect(exclude(1)).toBeUndefined()
    exclude(0)
    expect(exclude(2)).toBe(8)
  })

  it('says nothing where all are excluded and none has spoken', () => {
    const { exclude } = frontiersOf(2)
    expect(exclude(0)).toBeUndefined()
    expect(exclude(1)).toBeUndefined()
  })

  it('takes an excluded partition back with its next record, which is late if it is behind the merged frontier', () => {
    const { frontiers, record, exclude } = frontiersOf(2)
    record(0, 1)
    record(1, 10)
    expect(exclude(0)).toBe(10)
    expect(record(0, 4)).toEqual({ late: true, epoch: undefined })
    // It holds the others back again, although its frontier is behind what was promised.
    expect(record(1, 20)).toEqual({ late: false, epoch: undefined })
    expect(record(0, 15)).toEqual({ late: false, epoch: 15 })
    expect(frontiers.merged).toBe(15)
  })

  it('ignores what is not after the last epoch of the partition', () => {
    const { record } = frontiersOf(1)
    expect(record(0, 5).epoch).toBe(5)
    for (const epoch of [5, 4]) expect(record(0, 6, epoch)).toMatchObject({ epoch: undefined })
    expect(record(0, 7).epoch).toBe(7)
  })

  it('refuses an epoch that is no timestamp', () => {
    for (const epoch of [Number.NaN, '5', null]) {
      const { record } = frontiersOf(1)
      expect(() => record(0, 1, epoch)).toThrow(expect.objectContaining({ code: 'ERR_TIMESTAMP_INVALID' }))
    }
  })

  it('never lets the merged frontier decrease, nor a record on time be behind it (model test)', () => {
    const action = fc.oneof(
      { weight: 4, arbitrary: fc.record({ partition: fc.nat(3), timestamp: fc.nat(30), lead: fc.integer({ min: -5, max: 2 }) }) },
      fc.record({ exclude: fc.nat(3) }),
    )
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(action, { maxLength: 60 }), (partitions, actions) => {
        const { frontiers, all, record, exclude } = frontiersOf(partitions)
        const own = all.map(() => Number.NEGATIVE_INFINITY)
        const excluded = all.map(() => false)
        let merged = Number.NEGATIVE_INFINITY
        for (const step of actions) {
          let epoch: unknown
          if ('exclude' in step) {
            const partition = step.exclude % partitions
            excluded[partition] = true
            epoch = exclude(partition)
          } else {
            const partition = step.partition % partitions
            const { late, epoch: after } = record(partition, step.timestamp, step.timestamp + step.lead)
            expect(late).toBe(step.timestamp <= Math.max(own[partition] as number, merged))
            own[partition] = Math.max(own[partition] as number, step.timestamp + step.lead)
            excluded[partition] = false
            epoch = after
            // A partition that came back is noticed between two frames.
            epoch = frontiers.merge() ?? epoch
          }
          const active = own.filter((_, partition) => !excluded[partition])
          const expected = Math.max(merged, active.length > 0 ? Math.min(...active) : Math.max(...own))
          if (expected > merged) {
            expect(epoch).toBe(expected)
            merged = expected
          } else expect(epoch).toBeUndefined()
          expect(frontiers.merged ?? Number.NEGATIVE_INFINITY).toBe(merged)
        }
      }),
      { numRuns: 500 },
    )
  })
})
