import { D2, filter, type IStreamBuilder, type KeyValue, MessageType, MultiSet, map, output, reduce } from '@electric-sql/d2ts'
import type { Pipeline, Step } from '../pipeline.ts'

/** The fastest of 100, 1,000, 10,000 and everything at once, within the noise. */
const BATCH_RECORDS = 1_000

/**
 * Differential dataflow as in its README: batches of `[value, multiplicity]` at one version, then the
 * frontier. `reduce` answers once per key and version, so only the last state of a key comes out.
 */
export function runD2ts({ values, steps, sink }: Pipeline): void {
  const graph = new D2({ initialFrontier: 0 })
  const input = graph.newInput<unknown>()
  steps.reduce<IStreamBuilder<unknown>>(append, input).pipe(
    output((message) => {
      if (message.type !== MessageType.DATA) return
      for (const [value] of message.data.collection.getInner()) sink.write(value)
    }),
  )
  graph.finalize()
  for (let start = 0; start < values.length; start += BATCH_RECORDS) {
    input.sendData(0, new MultiSet(values.slice(start, start + BATCH_RECORDS).map((value) => [value, 1])))
    graph.run()
  }
  input.sendFrontier(1)
  graph.run()
}

function append(stream: IStreamBuilder<unknown>, step: Step): IStreamBuilder<unknown> {
  switch (step.kind) {
    case 'map':
      return stream.pipe(map(step.f))
    case 'filter':
      return stream.pipe(filter(step.f))
    case 'flatMap':
      throw new Error('d2ts has no operator that makes several records of one.')
    case 'foldBy':
      return stream.pipe(
        map((value): KeyValue<string, unknown> => [step.keyOf(value), value]),
        reduce((records: [unknown, number][]) => {
          let state = step.start
          for (const [value] of records) state = step.f(state, value)
          return [[state, 1] as [number, number]]
        }),
        map(([, state]) => state),
      )
  }
}
