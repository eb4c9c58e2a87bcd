import { kafkaSink } from '@malstrom/connector-kafka'
import { defineJob, fromIterable, singleThread } from 'malstrom'
import type { Order } from './job.ts'

const CUSTOMERS = 1_000

/** The order with this number, which is the same in every run. */
export function orderOf(n: number): Order {
  return { customer: `customer-${(n * 7919) % CUSTOMERS}`, cents: 100 + ((n * 104_729) % 9_900) }
}

/** Writes the orders `from` to `to - 1` to a topic. */
export async function placeOrders(brokers: readonly string[], topic: string, from: number, to: number): Promise<void> {
  const job = defineJob({
    name: 'place-orders',
    module: import.meta.url,
    build(flow) {
      flow
        .source('numbers', fromIterable(numbers(from, to)))
        .map('order', orderOf)
        .sink('orders', kafkaSink({ brokers, topic, key: (order) => order.customer, encode: (order) => JSON.stringify(order) }))
    },
  })
  await singleThread().run(job)
}

function* numbers(from: number, to: number): Iterable<number> {
  for (let n = from; n < to; n++) yield n
}
