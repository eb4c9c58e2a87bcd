import { runAccounts } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'
import { plantedBugs } from '../fixture/planted-bugs.ts'

const SEEDS_MAX = 1_000

/** The first seed that shows the bug; `undefined` if none of the first 1,000 does. */
async function seedThatShows(plant: () => () => void): Promise<number | undefined> {
  const takeOut = plant()
  try {
    for (let seed = 1; seed <= SEEDS_MAX; seed++) {
      try {
        await runAccounts({ seed })
      } catch {
        return seed
      }
    }
    return undefined
  } finally {
    takeOut()
  }
}

describe('the simulator', () => {
  it.each(Object.entries(plantedBugs))('finds that %s', { timeout: 120_000 }, async (_bug, plant) => {
    const seed = await seedThatShows(plant)
    console.info(`found with seed ${seed}: ${_bug}`)
    expect(seed).toBeDefined()
  })
})
