import { setTimeout as sleep } from 'node:timers/promises'
import { defineJob, fromAsyncIterable, singleThread } from 'malstrom'
import { type Figure, figureOf } from '../figure.ts'

const WINDOW_MS = 3_000
const WINDOWS = 5

/** CPU time per second of a process with a job that has nothing to read, and without a job. */
export async function runIdle(): Promise<Figure[]> {
  const baseline = await measureCpu()
  const execution = await singleThread().start(idleJob)
  await sleep(1_000)
  const idle = await measureCpu()
  const { state } = execution.status()
  await execution.cancel()
  if (state !== 'running') throw new Error(`The idle job is ${state}; it should be running.`)
  return [figureOf('idle', 'cpu_ms_per_second', 'ms/s', idle), figureOf('idle', 'baseline_cpu_ms_per_second', 'ms/s', baseline)]
}

const idleJob = defineJob({
  name: 'idle',
  module: import.meta.url,
  build(flow) {
    flow
      .source('silence', fromAsyncIterable(silence))
      .map('nothing', (value) => value)
      .sink('nowhere', {
        partitionOf: () => 'only',
        openPartition: () => ({ saturated: false, write() {}, flush: async () => {}, snapshot() {}, close() {} }),
      })
  },
})

/** Never answers and never ends. */
const silence: AsyncIterable<number> = {
  [Symbol.asyncIterator]: () => ({
    next: () => new Promise(() => {}),
    return: async () => ({ done: true, value: undefined }),
  }),
}

async function measureCpu(): Promise<number[]> {
  const samples: number[] = []
  for (let i = 0; i < WINDOWS; i++) {
    const before = process.cpuUsage()
    await sleep(WINDOW_MS)
    const { user, system } = process.cpuUsage(before)
    samples.push((user + system) / WINDOW_MS)
  }
  return samples
}
