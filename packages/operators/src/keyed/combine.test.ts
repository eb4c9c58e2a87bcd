import { MalstromError } from '@malstrom/core'
import {
  type CombineOptions,
  defineJob,
  type Flow,
  fromIterable,
  global,
  limitOutOfOrderness,
  session,
  tumbling,
} from '@malstrom/operators'
import { inBothForms } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'

function refusalOf(build: (flow: Flow) => void): string {
  try {
    defineJob({ name: 'job', module: import.meta.url, build: (flow) => build(flow) }).graph()
  } catch (error) {
    if (error instanceof MalstromError) return `${error.code}: ${error.message}`
    throw error
  }
  throw new Error('It was not refused.')
}

const merge = (a: number, b: number) => a + b
const keyed = (flow: Flow, combine: CombineOptions<number, number> = { merge }) =>
  flow.source('n', fromIterable([1, 2, 3])).keyDistribute('by rest', (n) => n % 2, { combine })

describe('records that keyDistribute combines', () => {
  inBothForms('come out on one worker as they are', async (collect) => {
    const { out } = await collect((flow) => ({ out: keyed(flow) }))
    expect(out?.values).toEqual([1, 2, 3])
  })

  inBothForms('are summed up by the example', async (collect) => {
    const { out } = await collect((flow) => {
      const { onTime: sales, late } = flow
        .source(
          'sales',
          fromIterable([
            { shop: 'x', pieces: 2 },
            { shop: 'y', pieces: 3 },
            { shop: 'x', pieces: 4 },
          ]),
        )
        .generateEpochs('epochs', limitOutOfOrderness(0))
      late.discard('late')
      const hours = tumbling({ hours: 1 })
      const pieces = sales
        .keyDistribute('by-shop', (sale) => sale.shop, {
          combine: { merge: (a, b) => ({ ...a, pieces: a.pieces + b.pieces }), within: hours },
        })
        .window(hours)
        .sum('pieces', (sale) => sale.pieces)
      return { out: pieces }
    })
    expect(out?.values).toEqual([6, 3])
  })

  it.each([
    [{ merge: 1 }, /an object with the method merge is needed/],
    [null, /combine is an object with merge\(earlier, later\), not null/],
    [{ merge, by: 'product' }, /a function is needed, not string/],
    [{ merge, until: 3 }, /combine has no option "until"\. Its options are merge, by, within/],
    [{ merge, within: session({ gap: 5 }) }, /combine cannot make one of records within these windows/],
    [{ merge, within: global() }, /combine cannot make one of records within these windows/],
    [{ merge, within: tumbling(0) }, /the size of tumbling windows must be above 0/],
    [{ merge, within: 5 }, /an object with the method assigner is needed/],
  ])('need options that make sense: %j is refused', (combine, message) => {
    const refusal = refusalOf((flow) => keyed(flow, combine as unknown as CombineOptions<number, number>).discard('out'))
    expect(refusal).toMatch(message)
    expect(refusal).toMatch(/^ERR_OPERATOR_ARGUMENT: Operator "by rest"/)
  })

  it.each<[string, (flow: Flow) => { discard(name: string): void }]>([
    ['counts', (flow) => keyed(flow).count('reader')],
    ['averages', (flow) => keyed(flow).average('reader', (n) => n)],
    ['counts of windows', (flow) => keyed(flow).window(tumbling(5)).count('reader')],
    [
      'averages of windows',
      (flow) =>
        keyed(flow)
          .window(tumbling(5))
          .average('reader', (n) => n),
    ],
    [
      'other timestamps',
      (flow) =>
        keyed(flow)
          .assignTimestamps('reader', (n) => n)
          .generateEpochs('epochs', limitOutOfOrderness(1)).onTime,
    ],
    ['epochs', (flow) => keyed(flow).generateEpochs('reader', limitOutOfOrderness(1)).onTime],
    [
      'counts behind a map',
      (flow) =>
        keyed(flow)
          .map('twice', (n) => 2 * n)
          .count('reader'),
    ],
  ])('are refused to %s, which need each by itself', (_what, build) => {
    expect(refusalOf((flow) => build(flow).discard('out'))).toMatch(
      /^ERR_OPERATOR_ARGUMENT: Operator "reader".* needs each record by itself, but "by rest".* combines records before it sends them/,
    )
  })

  it('are read by sums, and what those give can be counted', () => {
    const graph = defineJob({
      name: 'job',
      module: import.meta.url,
      build: (flow) =>
        keyed(flow, { merge, within: tumbling(5) })
          .window(tumbling(5))
          .sum('sum', (n) => n)
          .count('count')
          .discard('out'),
    }).graph()
    expect(graph.nodes.map(({ name }) => name)).toEqual(['n', 'by rest', 'sum', 'count', 'out'])
  })
})
