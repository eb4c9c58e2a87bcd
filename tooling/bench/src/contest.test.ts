import { describe, expect, it } from 'vitest'
import { benchCases } from './cases/bench-cases.ts'
import { contestantsOf } from './contest.ts'
import { type Contestant, runRounds } from './rounds.ts'

const RECORDS = 3_000

describe.each(benchCases)('$name', (benchCase) => {
  it.each(contestantsOf(benchCase, RECORDS, RECORDS))('$name computes the checksum of the hand-written loop', async (contestant) => {
    expect(await contestant.run()).toBe(contestant.checksum)
  })

  it('has results that a wrong pipeline would not have by chance', () => {
    const checksums = [RECORDS, RECORDS - 50].map((records) => benchCase.hand(benchCase.values(records)))
    expect(checksums[0]).not.toBe(checksums[1])
    expect(checksums.every((checksum) => Number.isSafeInteger(checksum) && checksum !== 0)).toBe(true)
  })

  it('makes the same records every time', () => {
    expect(benchCase.values(100)).toEqual(benchCase.values(100))
  })
})

describe('rounds', () => {
  it('let every contestant have its turn before any has another', async () => {
    const order: string[] = []
    await runRounds([contestant('a', order), contestant('b', order)], { warmup: 1, counted: 2 })
    const turns = order.filter((name, index) => name !== order[index - 1])
    expect(turns).toEqual(['a', 'b', 'a', 'b', 'a', 'b'])
  })

  it('count no warm-up', async () => {
    const samples = await runRounds([contestant('a', [])], { warmup: 3, counted: 2 })
    expect(samples.get('a')).toHaveLength(2)
  })

  it('fail when a contestant computes something else', async () => {
    const wrong = { ...contestant('a', []), run: () => 41 }
    await expect(runRounds([wrong], { warmup: 0, counted: 1 })).rejects.toThrow('a computed 41, right is 42')
  })
})

function contestant(name: string, order: string[]): Contestant {
  return {
    name,
    records: 1,
    checksum: 42,
    run() {
      order.push(name)
      return 42
    },
  }
}
