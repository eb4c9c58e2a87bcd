import { expect, it } from 'vitest'
import { runShops } from './run-shops.ts'

const SEEDS = Number(process.env.SEEDS ?? 40)
const FIRST = Number(process.env.FIRST_SEED ?? 1)

const QUIET = { crashes: 0, cuts: 0, ambiguousWrites: 0, failedWrites: 0 }

it('several workers count every record exactly once, whatever fails and however often they are rescaled', {
  timeout: 600_000,
}, async () => {
  let restarts = 0
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    try {
      restarts += (await runShops({ seed })).status.restarts
      if (seed % 2 === 0) await runShops({ seed, faults: QUIET })
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error })
    }
  }
  expect(restarts).toBeGreaterThan(0)
})
