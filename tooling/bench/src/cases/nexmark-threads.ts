import { type QueryName, runNexmark } from '@malstrom/app-nexmark'
import { type Figure, figureOf } from '../figure.ts'

const RUNS = 3
/** 10 to 20 seconds: until V8 has compiled the job, for which two busy threads on two cores leave it less time, half a second goes by. */
const EVENTS = 150_000_000

/** Two threads against one, from the first event to the end. */
export async function runNexmarkThreads(): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const query of ['q4', 'q5'] as const) {
    const samples: number[] = []
    for (let run = 0; run < RUNS; run++) samples.push((await seconds(query, 1)) / (await seconds(query, 2)))
    figures.push(figureOf('nexmark-threads', `${query}_ratio_2_to_1`, 'ratio', samples))
  }
  return figures
}

async function seconds(query: QueryName, workers: number): Promise<number> {
  return (await runNexmark({ query, events: EVENTS, seed: 'splitmix', workers, ownThread: true })).seconds
}
