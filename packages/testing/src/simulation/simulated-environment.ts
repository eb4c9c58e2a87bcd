import type { Environment, Failpoint } from '@malstrom/runtime'
import type { SimulatedProcess, World } from './world.ts'

/** What one look at the clock may cost, so that work takes time in the simulated world too. */
const LOOK_MS_MAX = 1

/** Time and scheduling as a simulated process sees them. */
export function simulatedEnvironment(world: World, process: SimulatedProcess, failpoint: (name: Failpoint) => void): Environment {
  return {
    nowMs: () => {
      world.spend(world.dice.unit() * LOOK_MS_MAX)
      return world.nowMs
    },
    dateMs: () => Math.floor(world.nowMs),
    soon: (callback) => {
      world.schedule(process, 'a turn', 0, callback)
    },
    after: (delayMs, callback) => world.schedule(process, `a timer of ${delayMs.toFixed(1)} ms`, delayMs, callback),
    failpoint,
  }
}
