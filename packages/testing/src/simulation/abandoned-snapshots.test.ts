import { describe, expect, it } from 'vitest'
import { runAccounts } from './run-accounts.ts'
import { runShops } from './run-shops.ts'
import type { SimulationOptions, SimulationResult } from './simulate.ts'

const SEEDS = Number(process.env.SEEDS ?? 20)
const FIRST = Number(process.env.FIRST_SEED ?? 1)

const CALM = { crashes: 0, cuts: 0, ambiguousWrites: 0, failedWrites: 0 }

type Run = (options: SimulationOptions) => Promise<SimulationResult>

/** Runs many seeds in which sinks stall for longer than a snapshot may take. Tells how many were abandoned, and how many rescales failed by that. */
async function runAll(run: Run, options: Omit<SimulationOptions, 'seed'>) {
  let [abandoned, lateMarkers, restarts] = [0, 0, 0]
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    try {
      const result = await run({ seed, log: true, ...options, faults: { stalls: 0.01, ...options.faults } })
      abandoned += result.abandoned
      restarts += result.status.restarts
      lateMarkers += result.log.filter((line) => line.includes('its marker had not passed everything')).length
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error })
    }
  }
  return { abandoned, lateMarkers, restarts }
}

describe('where sinks stall and snapshots are abandoned, every record is counted exactly once', () => {
  it('with one worker and nothing else that fails', { timeout: 600_000 }, async () => {
    const { abandoned, restarts } = await runAll(runAccounts, { faults: CALM, snapshotTimeoutMs: 500, keepsStaged: false })
    expect(abandoned).toBeGreaterThan(0)
    expect(restarts).toBeGreaterThan(0)
  })

  it('with sinks that keep what they have staged for the next snapshot, and never goes back for that', { timeout: 600_000 }, async () => {
    const { abandoned, restarts } = await runAll(runAccounts, { faults: CALM, snapshotTimeoutMs: 500, keepsStaged: true })
    expect(abandoned).toBeGreaterThan(0)
    expect(restarts).toBe(0)
  })

  it('with one worker, whatever else fails', { timeout: 600_000 }, async () => {
    expect((await runAll(runAccounts, { snapshotTimeoutMs: 500 })).abandoned).toBeGreaterThan(0)
  })

  it('with several workers that are rescaled, also if the marker does not pass in time, whatever else fails', {
    timeout: 600_000,
  }, async () => {
    const { abandoned, lateMarkers } = await runAll(runShops, { faults: { stalls: 0.02 }, snapshotTimeoutMs: 200 })
    expect(abandoned).toBeGreaterThan(0)
    expect(lateMarkers).toBeGreaterThan(0)
  })
})
