import { type AccountsJob, accountsJob } from './accounts-job.ts'
import { type SimulationOptions, type SimulationResult, simulate } from './simulate.ts'

/** Runs the accounts job in the world of a seed and checks its results. */
export async function runAccounts(options: SimulationOptions): Promise<SimulationResult> {
  let accounts: AccountsJob | undefined
  const result = await simulate((world) => {
    accounts = accountsJob(world, options.seed)
    return accounts.job
  }, options)
  accounts?.check()
  return result
}
