import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TransactionLog } from '../fixture/transaction-log.ts'
import { FetchedRecords } from './fetched-records.ts'

describe('a reader of committed records', () => {
  it('sees no record of an aborted transaction, also if it has the int32 key 0', () => {
    const log = new TransactionLog()
    log.write(1n, Buffer.alloc(4), 'aborted with the key of a marker')
    log.write(1n, undefined, 'aborted after it')
    log.finish(1n, 'abort')
    log.write(undefined, undefined, 'plain')
    expect(valuesOf(log)).toEqual(['plain'])
  })

  it('sees none of transactions that overlap and are listed by their end', () => {
    const log = new TransactionLog()
    log.write(1n, undefined, 'a')
    log.write(2n, undefined, 'b')
    log.write(3n, undefined, 'committed')
    log.finish(2n, 'abort')
    log.write(1n, undefined, 'c')
    log.finish(3n, 'commit')
    log.finish(1n, 'abort')
    expect(log.fetch(0).abortedTransactions.map(({ producerId }) => producerId)).toEqual([2n, 1n])
    expect(valuesOf(log)).toEqual(['committed'])
  })

  it('sees the next transaction of a producer whose last one was aborted', () => {
    const log = new TransactionLog()
    log.write(1n, undefined, 'a')
    log.finish(1n, 'abort')
    log.write(1n, undefined, 'b')
    log.finish(1n, 'commit')
    expect(valuesOf(log)).toEqual(['b'])
  })

  it('goes over a fetch with nothing but aborted records', () => {
    const log = new TransactionLog()
    log.write(1n, undefined, 'a')
    log.finish(1n, 'abort')
    const reader = new FetchedRecords(log.fetch(0), 0)
    expect(reader.next()).toBe(false)
    expect(reader.position).toBe(2)
    expect(reader.end).toBe(2)
  })

  it('sees what the oracle sees, whatever the transactions, wherever it begins and however little it fetches', () => {
    const producer = fc.constantFrom(1n, 2n, 3n)
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.tuple(fc.constant('write' as const), fc.option(producer, { nil: undefined }), fc.boolean()) },
      { weight: 2, arbitrary: fc.tuple(fc.constantFrom('commit' as const, 'abort' as const), producer, fc.boolean()) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(60), fc.integer({ min: 1, max: 400 }), (steps, from, maxBytes) => {
        const log = new TransactionLog()
        for (const [index, [what, id, likeMarker]] of steps.entries()) {
          if (what === 'write') log.write(id, likeMarker ? Buffer.alloc(4) : undefined, `value ${index}`)
          else if (id !== undefined) log.finish(id, what)
        }
        const start = Math.min(from, log.lastStableOffset)
        const read: { offset: number; value: string | undefined }[] = []
        let position = start
        while (position < log.lastStableOffset) {
          const reader = new FetchedRecords(log.fetch(position, maxBytes), position)
          while (reader.next()) read.push({ offset: reader.record().offset, value: reader.record().valueText })
          expect(reader.position).toBe(reader.end)
          expect(reader.end).toBeGreaterThan(position)
          position = reader.end
        }
        expect(read).toEqual(log.committed().filter(({ offset }) => offset >= start))
      }),
      { numRuns: 500 },
    )
  })
})

function valuesOf(log: TransactionLog): (string | undefined)[] {
  const reader = new FetchedRecords(log.fetch(0), 0)
  const values: (string | undefined)[] = []
  while (reader.next()) values.push(reader.record().valueText)
  return values
}
