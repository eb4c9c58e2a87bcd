import { json, kafkaSource } from '@malstrom/connector-kafka'
import { defineJob, type Execution, forEach, singleThread } from 'malstrom'
import type { Total } from './job.ts'

/** Reads totals as everybody does who reads what is committed, and checks that each comes once and in order. */
export class TotalsReader implements AsyncDisposable {
  /** How many totals have come. */
  count = 0
  /** By customer. */
  readonly last = new Map<string, Total>()
  readonly #wrong: string[] = []
  #execution: Execution | undefined

  async start(brokers: readonly string[], topic: string): Promise<void> {
    const job = defineJob({
      name: 'read-totals',
      module: import.meta.url,
      build: (flow) =>
        flow.source('totals', kafkaSource({ brokers, topic, decode: json<Total>() })).sink(
          'check',
          forEach((total) => this.#take(total)),
        ),
    })
    this.#execution = await singleThread().start(job)
  }

  /** What was lost, came twice or came out of order. */
  get wrong(): readonly string[] {
    return this.#wrong
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#execution?.cancel()
  }

  #take(total: Total): void {
    const before = this.last.get(total.customer)?.orders ?? 0
    if (total.orders !== before + 1) this.#wrong.push(`${total.customer}: after total ${before} came total ${total.orders}`)
    this.count++
    this.last.set(total.customer, total)
  }
}
