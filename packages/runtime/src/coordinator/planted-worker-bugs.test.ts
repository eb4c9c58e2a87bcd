import { runShops } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'
import { plantedWorkerBugs } from '../fixture/planted-worker-bugs.ts'

/** Events of a run of the unharmed code: up to some 15,000. A bug that stops a job is found without waiting long. */
const EVENTS_MAX = 60_000
const SEEDS_MAX = 120

/** Nothing happens but rescales: a bug cannot hide behind a restart. */
const QUIET = { crashes: 0, cuts: 0, ambiguousWrites: 0, failedWrites: 0 }

/** Seeds that have shown a bug that few show: where the search begins. If one no longer does, it goes on with all others. */
const FOUND_LAST: Readonly<Record<string, number>> = {
  'epochs are passed on while states are still on their way': 11,
  'epochs are sent before all partitions have come': 94,
  'a moved partition is measured by the frontier of its new worker': 94,
  'workers are in the order in which they have started': 29,
}

/** A seed that shows the bug; `undefined` if none does. */
async function seedThatShows(bug: string, plant: () => () => void): Promise<number | undefined> {
  const takeOut = plant()
  try {
    for (const seed of [FOUND_LAST[bug] ?? 1, ...Array.from({ length: SEEDS_MAX }, (_, index) => index + 1)]) {
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
    const seed = await seedThatShows(bug, plant)
    console.info(`found with seed ${seed}: ${bug}`)
    expect(seed).toBeDefined()
  })
})
