import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Assignment, assignPartitions, movesBetween } from './assign-partitions.ts'

const readersOf = (assigned: readonly Assignment[]) => assigned.map(({ worker }) => worker)

describe('assignPartitions', () => {
  it('gives partitions to workers in turn, so that neighbours are read on different ones', () => {
    expect(readersOf(assignPartitions('s', [0, 1, 2, 3, 4], [7, 8], []))).toEqual([7, 8, 7, 8, 7])
  })

  it('leaves each where it is read, unless that worker has more than its share', () => {
    const before = assignPartitions('s', [0, 1, 2, 3], [0, 1], [])
    const after = assignPartitions('s', [0, 1, 2, 3], [0, 1, 2], before)
    expect(readersOf(after)).toEqual([0, 1, 0, 2])
    expect(movesBetween(before, after)).toEqual([{ source: 's', partition: 3, from: 1, to: 2 }])
  })

  it('gives everybody as many as anybody else, or one more, and moves no more than it must', () => {
    const workers = fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20 }), workers, workers, (count, first, second) => {
        const partitions = Array.from({ length: count }, (_, index) => `p${index}`)
        const before = assignPartitions('s', partitions, first, [])
        const after = assignPartitions('s', partitions, second, before)
        for (const [assigned, workersThen] of [
          [before, first],
          [after, second],
        ] as const) {
          expect(assigned.map(({ partition }) => partition)).toEqual(partitions)
          const loads = workersThen.map((worker) => readersOf(assigned).filter((reader) => reader === worker).length)
          expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1)
        }
        // Who stays keeps all that its share allows: at least the smaller one.
        const least = Math.floor(count / second.length)
        for (const worker of second) {
          const had = before.filter((known) => known.worker === worker)
          const kept = after.filter((now, index) => now.worker === worker && before[index]?.worker === worker)
          expect(kept.length).toBeGreaterThanOrEqual(Math.min(had.length, least))
        }
      }),
    )
  })
})
