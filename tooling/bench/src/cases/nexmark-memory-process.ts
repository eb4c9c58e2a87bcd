import { type QueryName, runNexmark } from '@malstrom/app-nexmark'
import type { MemoryRun } from './nexmark-memory.ts'

// Started by nexmark-memory.ts: one run, prints how the resident memory of this process grew.

const EVENTS = 10_000_000
const SAMPLE_MS = 20
const MB = 2 ** 20

const samples: number[] = []
const sampler = setInterval(() => samples.push(process.memoryUsage.rss()), SAMPLE_MS)
await runNexmark({ query: process.argv[2] as QueryName, events: EVENTS, seed: 'splitmix' })
clearInterval(sampler)
const half = samples.length >> 1
const [first, last] = [Math.max(...samples.slice(0, half)), Math.max(...samples.slice(half))]
const run: MemoryRun = { growthMb: Math.max(0, last - first) / MB, peakMb: Math.max(first, last) / MB }
console.log(JSON.stringify(run))
