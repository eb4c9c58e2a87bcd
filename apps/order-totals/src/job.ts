import { json, kafkaSink, kafkaSource } from '@malstrom/connector-kafka'
import { defineJob, diskPersistence } from 'malstrom'

export interface Order {
  readonly customer: string
  readonly cents: number
}

export interface Total {
  readonly customer: string
  readonly orders: number
  readonly cents: number
}

export interface Params {
  readonly brokers: readonly string[]
  /** Where orders come from, and where totals go. */
  readonly orders: string
  readonly totals: string
  /** Where the state is kept. */
  readonly directory: string
}

/** After each order, how many orders its customer has made and what they cost together. */
export default defineJob({
  name: 'order-totals',
  module: import.meta.url, // every thread imports this file
  persistence: ({ directory }: Params) => diskPersistence(directory),
  build(flow, { brokers, orders, totals }: Params) {
    flow
      .source('orders', kafkaSource({ brokers, topic: orders, decode: json<Order>() }))
      .keyDistribute('by-customer', (order) => order.customer)
      .fold(
        'total',
        () => ({ orders: 0, cents: 0 }),
        (total, { cents }) => ({ orders: total.orders + 1, cents: total.cents + cents }),
      )
      .map('named', ({ orders, cents }, customer): Total => ({ customer, orders, cents }))
      .sink('totals', kafkaSink({ brokers, topic: totals, encode: (total) => JSON.stringify(total), delivery: 'exactly-once' }))
  },
})
