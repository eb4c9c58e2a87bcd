import type { Execution, JobStatus } from '@malstrom/core'
import { Interruption } from './interruption.ts'
import { progressLine } from './progress-line.ts'
import { TerminalProgress } from './terminal-progress.ts'

export interface RunToEndOptions {
  readonly quiet: boolean
  /** Whether Ctrl-C suspends the job. */
  readonly keepsState: boolean
  start(): Promise<Execution>
  /** Whether Ctrl-C ends the process while `start` waits: nothing has begun then that had to be closed. */
  readonly startsIdle?: boolean
}

/** Starts a job, shows its progress and waits for its end; answers the exit status. */
export async function runToEnd({ quiet, keepsState, start, startsIdle = false }: RunToEndOptions): Promise<number> {
  const say = quiet ? () => {} : (line: string) => void process.stderr.write(`${line}\n`)
  const progress = new TerminalProgress(process.stderr, process.stdout, process.env.NO_COLOR)
  let stopProgress = () => {}
  let hasStarted = false
  const interruption = new Interruption(keepsState, (status) => {
    if (startsIdle && !hasStarted) process.exit(status)
    stopProgress()
    const what = keepsState ? 'taking a last snapshot' : 'cancelling'
    say(`malstrom: ${what}; Ctrl-C again ends the process at once`)
  })
  try {
    const startMs = performance.now()
    const execution = await start()
    hasStarted = true
    if (!quiet) stopProgress = progressLine(execution, { stream: progress })
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
  const status = execution.status()
  const { job, state, recordsIn } = status
  const seconds = elapsedMs / 1000
  const rate = Math.round(recordsIn / Math.max(seconds, 0.001))
  return `malstrom: job "${job}" ${stateText[state]}: ${countsText(status)}, ${seconds.toFixed(2)} s, ${count(rate)} records/s`
}

/** What a job has counted so far. */
export function countsText({ recordsIn, recordsOut, late, skipped }: JobStatus): string {
  const counts = `${count(recordsIn)} in, ${count(recordsOut)} out, ${count(late)} late`
  return skipped > 0 ? `${counts}, ${count(skipped)} skipped` : counts
}

/** How a job stands, behind its name. */
export const stateText: Record<JobStatus['state'], string> = {
  running: 'is running',
  restarting: 'is going back to its last snapshot',
  finished: 'finished',
  suspended: 'was suspended',
  cancelled: 'was cancelled',
  failed: 'failed',
}

export function count(records: number): string {
  return records.toLocaleString('en-US')
}
