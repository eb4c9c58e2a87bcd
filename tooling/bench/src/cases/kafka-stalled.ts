import { runChild } from '../child-process.ts'
import { type Figure, figureOf } from '../figure.ts'

const RUNS = 3

/** What one run in a process of its own has seen. */
export interface KafkaStalledRun {
  /** How many records the source gave while the broker did not answer. */
  readonly readWhileStalled: number
  readonly stallGrowthMb: number
  /** From the warm job to the highest point of the run. */
  readonly runGrowthMb: number
}

/** Ten million records into a real Kafka that does not answer for a while: resident memory must stay flat. */
export async function runKafkaStalled(): Promise<Figure[]> {
  const runs: KafkaStalledRun[] = []
  for (let i = 0; i < RUNS; i++) {
    const [run] = await runChild(new URL('./kafka-stalled-process.ts', import.meta.url), [])
    runs.push(run as KafkaStalledRun)
  }
  const figure = (metric: string, unit: string, of: (run: KafkaStalledRun) => number) =>
    figureOf('kafka-stalled', metric, unit, runs.map(of))
  return [
    figure('rss_growth_mb', 'MB', ({ stallGrowthMb }) => stallGrowthMb),
    figure('run_rss_growth_mb', 'MB', ({ runGrowthMb }) => runGrowthMb),
    figure('read_while_stalled', 'records', ({ readWhileStalled }) => readWhileStalled),
  ]
}
