import { type SimulatedSink, simulate } from '@malstrom/testing'
import { defineJob } from 'malstrom'

/** The running totals that the readers of the sink see at the end, in the world of a seed. */
export async function totalsIn(seed: number): Promise<unknown[]> {
  let sink: SimulatedSink | undefined
  await simulate(
    (world) => {
      const out = world.sink()
      sink = out
      return defineJob({
        name: 'totals',
        module: import.meta.url,
        build(flow) {
          flow
            .source('numbers', world.source({ all: [1, 2, 3, 4, 5].map((value) => ({ value, timestamp: value })) }))
            .keyDistribute('one key', () => 'key')
            .fold(
              'total',
              () => 0,
              (total, value) => total + value,
            )
            .sink('out', out)
        },
      })
    },
    { seed },
  )
  return (sink?.visible ?? []).map(({ value }) => value)
}
