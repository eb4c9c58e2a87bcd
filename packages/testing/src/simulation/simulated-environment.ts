import { type Environment, type Failpoint, TaskFunctions } from '@malstrom/runtime'
import type { SimulatedProcess, World } from './world.ts'

/** What one look at the clock may cost, so that work takes time in the simulated world too. */
const LOOK_MS_MAX = 1
/** The same, where time does not pass by itself. */
const LOOK_MS = 0.25

/** Of all jobs in this thread: they are short, and most are started many times. */
const taskFunctions = new TaskFunctions()

/** What a timer is called in the log. */
export const timerOf = (delayMs: number) => `a timer of ${delayMs.toFixed(1)} ms`

/** Time and scheduling as a simulated process sees them. */
export function simulatedEnvironment(world: World, process: SimulatedProcess, failpoint: (name: Failpoint) => void): Environment {
  let lookedMs = 0
  return {
    nowMs: () => {
      world.spend(world.dice.unit() * LOOK_MS_MAX)
      // Where time does not pass by itself, who works for long must see it pass nevertheless, or a turn would never end.
      lookedMs = Math.max(world.nowMs, world.pace === 0 ? lookedMs + LOOK_MS : 0)
      return lookedMs
    },
    dateMs: () => Math.floor(world.nowMs),
    soon: (callback) => {
      world.schedule(process, 'a turn', 0, callback)
    },
    after: (delayMs, callback) => world.schedule(process, timerOf(delayMs), delayMs, callback),
    failpoint,
    taskFunctions,
  }
}
