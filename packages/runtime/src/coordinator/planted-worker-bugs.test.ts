import { runShops } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'
import { plantedWorkerBugs } from '../fixture/planted-worker-bugs.ts'

/** Events of a run of the unharmed code: up to some 15,000. A bug that stops a job is found without waiting long. */
const EVENTS_MAX = 60_000
const SEEDS_MAX = 120

/** Nothing happens but rescales: a bug cannot hide behind a restart. */
const QUIET = { crashes: 0, cuts: 0, ambiguousWrites: 0, failedWrites: 0 }

/** The first seed that shows the bug; `undefined` if none does. */
async function seedThatShows(plant: () => () => void): Promise<number | undefined> {
  const takeOut = plant()
  try {
    for (let seed = 1; seed <= SEEDS_MAX; seed++) {
      try {
        await runShops({ seed, eventsMax: EVENTS_MAX, ...(seed % 3 > 0 ? { faults: QUIET } : {}) })
      } catch {
        return seed
      }
    }
    return undefined
  } finally {
    takeOut()
  }
}

describe('the simulator, with several workers', () => {
  it.each(Object.entries(plantedWorkerBugs))('finds that %s', { timeout: 240_000 }, async (bug, plant) => {
    const seed = await seedThatShows(plant)
    console.info(`found with seed ${seed}: ${bug}`)
    expect(seed).toBeDefined()
  })
})
