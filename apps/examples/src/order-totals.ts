import { defineJob, ndjsonFile, toNdjsonFile } from 'malstrom'

export interface Order {
  readonly customer: string
  readonly amount: number
}

/** What each customer has spent so far. */
export default defineJob({
  name: 'order-totals',
  module: import.meta.url,
  build(flow) {
    flow
      .source('orders', ndjsonFile<Order>('orders.ndjson'))
      .keyDistribute('by customer', (order) => order.customer)
      .fold(
        'total',
        () => 0,
        (total, order) => total + order.amount,
      )
      .sink('totals', toNdjsonFile('totals.ndjson'))
  },
})
