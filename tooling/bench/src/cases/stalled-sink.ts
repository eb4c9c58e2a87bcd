import { runChild } from '../child-process.ts'
import { type Figure, figureOf } from '../figure.ts'

const RUNS = 5

/** What one run in a process of its own has seen. */
export interface StalledRun {
  readonly stallGrowthMb: number
  readonly runGrowthMb: number
}

/** Ten million records through a sink that is stuck for a while: resident memory must stay flat. */
export async function runStalledSink(): Promise<Figure[]> {
  const runs: StalledRun[] = []
  for (let i = 0; i < RUNS; i++) {
    const [run] = await runChild(new URL('./stalled-sink-process.ts', import.meta.url), [])
    runs.push(run as StalledRun)
  }
  return [
    figureOf(
      'stalled-sink',
      'rss_growth_mb',
      'MB',
      runs.map((run) => run.stallGrowthMb),
    ),
    figureOf(
      'stalled-sink',
      'run_rss_growth_mb',
      'MB',
      runs.map((run) => run.runGrowthMb),
    ),
  ]
}
