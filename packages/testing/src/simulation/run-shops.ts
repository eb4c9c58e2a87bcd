import { type ShopsJob, shopsJob } from './shops-job.ts'
import { type SimulationOptions, type SimulationResult, simulate } from './simulate.ts'

/** Runs the shops job on workers of its own in the world of a seed and checks its results. */
export async function runShops(options: SimulationOptions): Promise<SimulationResult> {
  let shops: ShopsJob | undefined
  const result = await simulate(
    (world) => {
      shops = shopsJob(world, options.seed)
      return shops.job
    },
    { workers: 1 + (options.seed % 4), ...options },
  )
  shops?.check()
  const { crashes, cuts, ambiguousWrites, failedWrites } = options.faults ?? {}
  const quiet = [crashes, cuts, ambiguousWrites, failedWrites].every((fault) => fault === 0)
  if (quiet && result.status.restarts > 0)
    throw new Error(`the job went back ${result.status.restarts} times although nothing happened to it`)
  return result
}
