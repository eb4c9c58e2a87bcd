import { multiThread } from '@malstrom/runtime'
import { scalingJob } from '../exchange/scaling-job.ts'
import { type Figure, figureOf } from '../figure.ts'

const RUNS = 5
const PARTITIONS = 4
const RECORDS = 1_500_000
/** About a microsecond per record. */
const WORK = 600

/** A keyed job that needs CPU time, on two threads against one. */
export async function runScaling(): Promise<Figure[]> {
  const ratios: number[] = []
  for (let run = 0; run < RUNS; run++) {
    const [one, two] = [await elapsedMs(1), await elapsedMs(2)]
    ratios.push(one / two)
  }
  return [figureOf('scaling', 'ratio_2_to_1', 'ratio', ratios)]
}

async function elapsedMs(workers: number): Promise<number> {
  const times = new SharedArrayBuffer(8 * (1 + workers))
  await multiThread({ workers }).run(scalingJob, { partitions: PARTITIONS, records: RECORDS, work: WORK, times })
  const [first = 0, ...ends] = new Float64Array(times)
  return Math.max(...ends) - first
}
