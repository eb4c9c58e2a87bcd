import { describe, expect, it } from 'vitest'
import { runAccounts } from './run-accounts.ts'

const SEEDS = Number(process.env.SEEDS ?? 150)
const FIRST = Number(process.env.FIRST_SEED ?? 1)

describe('simulate', () => {
  it('finds every record counted exactly once, whatever fails', { timeout: 600_000 }, async () => {
    let processes = 0
    let restarts = 0
    for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
      try {
        const result = await runAccounts({ seed })
        processes += result.processes
        restarts += result.status.restarts
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error })
      }
    }
    // The faults have really happened.
    expect(processes).toBeGreaterThan(SEEDS * 1.5)
    expect(restarts).toBeGreaterThan(0)
  })

  it('keeps what a later start has written from a zombie that cleans up (seed 101)', async () => {
    await runAccounts({ seed: 101 })
  })

  it('does the same for the same seed, event by event', async () => {
    const [first, again, other] = [await runAccounts({ seed: 7 }), await runAccounts({ seed: 7 }), await runAccounts({ seed: 8 })]
    expect(again.logHash).toBe(first.logHash)
    expect(again.events).toBe(first.events)
    expect(other.logHash).not.toBe(first.logHash)
  })
})
