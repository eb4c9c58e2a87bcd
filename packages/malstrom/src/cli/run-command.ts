import type { Command } from './command-line.ts'
import { loadJob, runtimeFor, withParamsHint } from './load-job.ts'
import { runToEnd } from './run-to-end.ts'

type RunCommand = Extract<Command, { command: 'run' }>

/** Runs a job to its end; answers the exit status. */
export async function runCommand(command: RunCommand): Promise<number> {
  const loaded = await loadJob(command)
  const runtime = await runtimeFor(loaded.path, command, command.state)
  const start = () =>
    runtime.start(loaded.job, loaded.params).catch((error) => {
      throw withParamsHint(error, loaded)
    })
  return runToEnd({ quiet: command.quiet, keepsState: command.state.url !== undefined || loaded.job.persistence !== undefined, start })
}
