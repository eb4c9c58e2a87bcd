import { defineJob, fromIterable, singleThread } from 'malstrom'
import type { Pipeline, Step } from '../pipeline.ts'

/** Ours: the whole life of a job, from its graph to the closed sink. */
export async function runMalstrom({ values, steps, sink }: Pipeline): Promise<void> {
  const job = defineJob({
    name: 'bench',
    module: import.meta.url,
    build(flow) {
      steps.reduce(append, flow.source('values', fromIterable(values))).sink('checksum', sink)
    },
  })
  await singleThread().run(job)
}

// biome-ignore lint/suspicious/noExplicitAny: the stream's type changes with each step of the list
function append(stream: any, step: Step, index: number): any {
  const name = `${step.kind}-${index + 1}`
  switch (step.kind) {
    case 'map':
      return stream.map(name, step.f)
    case 'filter':
      return stream.filter(name, step.f)
    case 'flatMap':
      return stream.flatMap(name, step.f)
    case 'foldBy':
      return stream.keyDistribute(`by-${index + 1}`, step.keyOf).fold(name, () => step.start, step.f)
  }
}
