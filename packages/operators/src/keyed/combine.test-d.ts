import { expectTypeOf } from 'vitest'
import { fromIterable } from '../source/from-iterable.ts'
import type { Flow } from '../stream/flow.ts'
import type { KeyedStream } from '../stream/keyed-stream.ts'
import { tumbling } from '../window/tumbling.ts'

declare const flow: Flow
const sales = flow.source('sales', fromIterable([{ shop: 'x', product: 1, amount: 2 }]))
type Sale = { shop: string; product: number; amount: number }

expectTypeOf(
  sales.keyDistribute('by-shop', ({ shop }) => shop, {
    combine: {
      by: ({ product }) => product,
      merge(earlier, later) {
        expectTypeOf(later).toEqualTypeOf<Sale>()
        return { ...earlier, amount: earlier.amount + later.amount }
      },
      within: tumbling({ minutes: 1 }),
    },
  }),
).toEqualTypeOf<KeyedStream<string, Sale, number>>()

sales.keyDistribute('by-shop', ({ shop }) => shop, {
  // @ts-expect-error two sales become a sale, not a number
  combine: { merge: (earlier, later) => earlier.amount + later.amount },
})
// @ts-expect-error merge is missing
sales.keyDistribute('by-shop', ({ shop }) => shop, { combine: { by: ({ product }) => product } })
sales.keyDistribute('by-shop', ({ shop }) => shop, {
  // @ts-expect-error values agree in a key, not in an object
  combine: { merge: (earlier) => earlier, by: (sale) => ({ product: sale.product }) },
})
const balances = sales.keyDistribute('shop', ({ shop }) => shop).rows('rows')
// @ts-expect-error changes of tables cannot be combined
balances.groupBy('all', () => 'all', { combine: { merge: (a) => a } })
