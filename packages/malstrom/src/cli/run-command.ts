import type { Execution, JobStatus } from '@malstrom/core'
import type { Command } from './command-line.ts'
import { Interruption } from './interruption.ts'
import { loadJob, runtimeFor, withParamsHint } from './load-job.ts'
import { progressLine } from './progress-line.ts'
import { TerminalProgress } from './terminal-progress.ts'

type RunCommand = Extract<Command, { command: 'run' }>

/** Runs a job to its end; answers the exit status. */
export async function runCommand(command: RunCommand): Promise<number> {
  const loaded = await loadJob(command)
  const runtime = await runtimeFor(loaded.path, command, command.state)
  const say = command.quiet ? () => {} : (line: string) => void process.stderr.write(`${line}\n`)

  const progress = new TerminalProgress(process.stderr, process.stdout, process.env.NO_COLOR)
  let stopProgress = () => {}
  const keepsState = command.state.url !== undefined || loaded.job.persistence !== undefined
  const interruption = new Interruption(keepsState, () => {
    stopProgress()
    const what = keepsState ? 'taking a last snapshot' : 'cancelling'
    say(`malstrom: ${what}; Ctrl-C again ends the process at once`)
  })
  try {
    const startMs = performance.now()
    const execution = await runtime.start(loaded.job, loaded.params).catch((error) => {
      throw withParamsHint(error, loaded)
    })
    if (!command.quiet) stopProgress = progressLine(execution, { stream: progress })
    interruption.started(execution)
    try {
      await execution.finished
    } finally {
      stopProgress()
      say(summary(execution, performance.now() - startMs))
    }
    return interruption.status ?? 0
  } finally {
    progress.stop()
    interruption.stop()
  }
}

function summary(execution: Execution, elapsedMs: number): string {
  const { job, state, recordsIn, recordsOut, late } = execution.status()
  const seconds = elapsedMs / 1000
  const rate = Math.round(recordsIn / Math.max(seconds, 0.001))
  const counts = `${count(recordsIn)} in, ${count(recordsOut)} out, ${count(late)} late`
  return `malstrom: job "${job}" ${endOf[state]}: ${counts}, ${seconds.toFixed(2)} s, ${count(rate)} records/s`
}

const endOf: Record<JobStatus['state'], string> = {
  running: 'is running',
  restarting: 'is going back to its last snapshot',
  finished: 'finished',
  suspended: 'was suspended',
  cancelled: 'was cancelled',
  failed: 'failed',
}

function count(records: number): string {
  return records.toLocaleString('en-US')
}
