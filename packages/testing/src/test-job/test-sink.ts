import type { Sink } from '@malstrom/core'
import { SinkTransactions } from '../simulation/sink-transactions.ts'
import type { SinkRecord } from '../sink-suite-options.ts'

export interface TestSinkOptions<V, K, T> {
  /** The sink in whose place it is put: gives the types of values, keys and timestamps. It is not opened. */
  // biome-ignore lint/suspicious/noExplicitAny: its partitions and states are not those of the double
  readonly like?: Sink<V, K, T, any, any>
}

/** Collects what a job under test writes, and what of it the readers of an exactly-once sink would see. */
export class TestSink<V = unknown, K = unknown, T = number> {
  /** What every start of the job writes to. */
  readonly transactions: SinkTransactions = new SinkTransactions()

  /** Everything that was written, in order: also what no snapshot holds yet, and again what came again after a crash. */
  get records(): readonly SinkRecord<V, K, T>[] {
    return this.transactions.written as readonly SinkRecord<V, K, T>[]
  }

  /** What readers see: written before a snapshot that is durable, each record once. */
  get committed(): readonly SinkRecord<V, K, T>[] {
    return this.transactions.visible as readonly SinkRecord<V, K, T>[]
  }
}

/** A sink for `testJob` that collects. */
export function testSink<V = unknown, K = unknown, T = number>(_options: TestSinkOptions<V, K, T> = {}): TestSink<V, K, T> {
  return new TestSink<V, K, T>()
}
