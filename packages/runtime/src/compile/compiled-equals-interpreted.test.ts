import type { MalstromError } from '@malstrom/core'
import { buildRandomStreams, playJob, type RandomGraph, randomGraph, ScriptedSink, type TaskForm } from '@malstrom/testing'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Worker } from '../worker/worker.ts'

const GRAPHS = 1_000

/** Two operators of one task that are due at the same time. */
const callsInARow: RandomGraph = {
  sources: [{ kind: 'array', values: [0, 0] }],
  steps: [
    { kind: 'mapAsync', input: 0, other: 0, variant: 0 },
    { kind: 'map', input: 0, other: 0, variant: 0 },
    { kind: 'mapAsync', input: 1, other: 0, variant: 0 },
  ],
  sinkCapacity: undefined,
}

/** Everything that can be seen of a job: what came out where and in which order, what was counted, and how it ended. */
async function observe(graph: RandomGraph, form: TaskForm) {
  const seen: string[] = []
  const sinks: ScriptedSink[] = []
  const { worker, environment } = await playJob({ form, worker: (options) => new Worker(options) }, (flow) => {
    buildRandomStreams(flow, graph).forEach(({ stream }, index) => {
      const sink = new ScriptedSink(graph.sinkCapacity === undefined ? {} : { capacity: graph.sinkCapacity })
      const partitionOf = (value: unknown) => ((value as number) % 4 === 0 ? 'a' : 'b')
      Object.assign(sink, { partitionOf: index % 2 === 0 ? partitionOf : undefined })
      sinks.push(sink)
      stream
        .inspect(`values ${index}`, (value) => void seen.push(`${index}: ${value}`))
        .inspectFrontier(`frontier ${index}`, (epoch) => void seen.push(`${index}: epoch ${text(epoch)}`))
        .sink(`sink ${index}`, sink)
    })
  })
  const error = await worker.finished.then(
    () => undefined,
    (failure: MalstromError) => ({ code: failure.code, context: text(failure.context), message: failure.message }),
  )
  await environment.settle()
  return {
    seen,
    written: text(sinks.map(({ log, records }) => [log, records])),
    status: text(worker.status()),
    error,
    timers: environment.timers,
  }
}

function text(value: unknown): string {
  return JSON.stringify(value, (_key, part) => {
    if (typeof part === 'bigint') return `${part}n`
    return part === undefined || (typeof part === 'number' && !Number.isFinite(part)) ? String(part) : part
  })
}

it(`compiled and interpreted tasks do the same, on ${GRAPHS} random graphs`, { timeout: 300_000 }, async () => {
  const numberOf = { failed: 0, late: 0, epochs: 0, records: 0 }
  await fc.assert(
    fc.asyncProperty(randomGraph, async (graph) => {
      const compiled = await observe(graph, 'compiled')
      const interpreted = await observe(graph, 'interpreted')
      // Most are equal, and a comparison that explains what differs takes long.
      if (JSON.stringify(interpreted) !== JSON.stringify(compiled)) expect(interpreted).toEqual(compiled)
      if (compiled.error !== undefined) numberOf.failed++
      if (!compiled.status.includes('"late":0,"skipped":0,"frontier"')) numberOf.late++
      numberOf.epochs += compiled.seen.filter((line) => line.includes('epoch')).length
      numberOf.records += compiled.seen.length
    }),
    { numRuns: GRAPHS, examples: [[callsInARow]] },
  )
  // The graphs are worth comparing: some fail, some have late records, and most do something.
  expect(numberOf.failed).toBeGreaterThan(GRAPHS / 50)
  expect(numberOf.failed).toBeLessThan(GRAPHS / 3)
  expect(numberOf.late).toBeGreaterThan(GRAPHS / 10)
  expect(numberOf.epochs).toBeGreaterThan(GRAPHS * 5)
  expect(numberOf.records).toBeGreaterThan(GRAPHS * 50)
})
