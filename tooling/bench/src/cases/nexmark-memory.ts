import { runChild } from '../child-process.ts'
import { type Figure, figureOf } from '../figure.ts'

const RUNS = 3

/** What one run in a process of its own has seen. */
export interface MemoryRun {
  /** By how much the resident memory at its most in the last half of the run is above that of the first half. */
  readonly growthMb: number
  readonly peakMb: number
}

/** Memory over ten million events of queries whose state expires with the frontier. */
export async function runNexmarkMemory(): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const query of ['q3', 'q4', 'q8']) {
    const runs: MemoryRun[] = []
    for (let run = 0; run < RUNS; run++) {
      runs.push((await runChild(new URL('./nexmark-memory-process.ts', import.meta.url), [query]))[0] as MemoryRun)
    }
    const of = (metric: string, values: number[]) => figureOf('nexmark-memory', `${query}_${metric}`, 'MB', values)
    figures.push(
      of(
        'rss_growth_mb',
        runs.map(({ growthMb }) => growthMb),
      ),
      of(
        'rss_peak_mb',
        runs.map(({ peakMb }) => peakMb),
      ),
    )
  }
  return figures
}
