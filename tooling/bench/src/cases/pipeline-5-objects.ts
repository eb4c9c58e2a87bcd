import { ChecksumSink, Steps } from '../pipeline.ts'
import type { BenchCase } from './bench-case.ts'
import { diceOf } from './values.ts'

interface Order {
  readonly id: number
  readonly customer: string
  readonly priceCents: number
  readonly quantity: number
  readonly paid: boolean
}

interface Invoice {
  readonly id: number
  readonly customer: string
  readonly netCents: number
  readonly taxCents: number
}

class InvoiceSink extends ChecksumSink {
  override write(invoice: Invoice): void {
    this.checksum += invoice.netCents + invoice.taxCents + invoice.customer.length
  }
}

/** Five operators on objects; every `map` builds a new object by literal. */
export const pipeline5Objects: BenchCase<Order> = {
  name: 'pipeline-5-objects',
  about: 'five operators that build objects',
  records: 2_000_000,
  peerRecords: 100_000,
  rounds: 15,
  values(count) {
    const dice = diceOf(7)
    const customers = Array.from({ length: 1_000 }, (_, i) => `customer-${i}`)
    return Array.from({ length: count }, (_, id) => ({
      id,
      customer: customers[dice(customers.length)] as string,
      priceCents: 1 + dice(10_000),
      quantity: 1 + dice(9),
      paid: dice(4) !== 0,
    }))
  },
  steps: new Steps<Order>()
    .map((order) => ({
      id: order.id,
      customer: order.customer,
      grossCents: order.priceCents * order.quantity,
      paid: order.paid,
    }))
    .filter((order) => order.paid)
    .map((order) => ({
      id: order.id,
      customer: order.customer,
      grossCents: order.grossCents,
      taxCents: (order.grossCents * 19) >> 7,
    }))
    .filter((order) => order.grossCents > 1_000)
    .map((order) => ({
      id: order.id,
      customer: order.customer,
      netCents: order.grossCents - order.taxCents,
      taxCents: order.taxCents,
    })).list,
  sink: () => new InvoiceSink(),
  hand(orders) {
    let checksum = 0
    for (let i = 0; i < orders.length; i++) {
      const order = orders[i] as Order
      if (!order.paid) continue
      const grossCents = order.priceCents * order.quantity
      if (grossCents <= 1_000) continue
      const taxCents = (grossCents * 19) >> 7
      const netCents = grossCents - taxCents
      checksum += netCents + taxCents + order.customer.length
    }
    return checksum
  },
}
