import type { Key, PartitionContext, Sink, SinkPartition, SnapshotVersion } from '@malstrom/core'
import { copyOfRecord } from './copy-of-record.ts'
import { SinkTransactions, type VisibleRecord } from './sink-transactions.ts'
import type { SimulatedProcess, World } from './world.ts'

interface SinkState {
  readonly version: SnapshotVersion
  readonly staged: readonly string[]
}

/** A sink that is exactly-once as its readers see it: what it writes is staged, and visible when committed. */
export class SimulatedSink implements Sink<unknown, unknown, unknown, 'all', SinkState> {
  readonly #world: World
  readonly #transactions: SinkTransactions
  readonly #process: SimulatedProcess | undefined

  /** It belongs to `process`, or serves whichever is current; `transactions` may have been written to before. */
  constructor(world: World, transactions = new SinkTransactions(), process?: SimulatedProcess) {
    this.#world = world
    this.#transactions = transactions
    this.#process = process
  }

  /** What readers see, in order. */
  get visible(): readonly VisibleRecord[] {
    return this.#transactions.visible
  }

  async openPartition(
    _partition: Key,
    state: SinkState | undefined,
    { generation, worker }: PartitionContext,
  ): Promise<SinkPartition<unknown, unknown, unknown, SinkState>> {
    const wait = (what: string, maxMs: number) => this.#world.wait(what, maxMs, this.#process)
    await wait('open the sink', 3)
    this.#transactions.fence(generation)
    const close = this.#transactions.open(generation, worker)
    const { dice, pace } = this.#world
    const bufferMax = 1 + dice.below(pace === 0 ? 4_096 : 30)
    return new SimulatedSinkPartition({ wait, transactions: this.#transactions, generation, bufferMax, close }, state)
  }
}

interface PartitionOptions {
  wait(what: string, maxMs: number): Promise<void>
  readonly transactions: SinkTransactions
  readonly generation: number
  readonly bufferMax: number
  close(): void
}

class SimulatedSinkPartition implements SinkPartition<unknown, unknown, unknown, SinkState> {
  readonly #options: PartitionOptions
  readonly #byVersion = new Map<SnapshotVersion, readonly string[]>()
  #buffer: VisibleRecord[] = []
  #staged: string[] = []

  constructor(options: PartitionOptions, state: SinkState | undefined) {
    this.#options = options
    if (state !== undefined) this.#byVersion.set(state.version, state.staged)
  }

  get saturated(): boolean {
    return this.#buffer.length >= this.#options.bufferMax
  }

  write(value: unknown, key: unknown, timestamp: unknown): void {
    // What a job emits may be one of its states, which it goes on changing.
    const record = { value: copyOfRecord(value), key, timestamp }
    this.#buffer.push(record)
    this.#options.transactions.written.push(record)
  }

  async flush(): Promise<void> {
    const { wait, transactions, generation } = this.#options
    const records = this.#buffer
    this.#buffer = []
    await wait('stage records', 4)
    transactions.fence(generation)
    const id = transactions.newId(generation)
    transactions.staged.set(id, records)
    this.#staged.push(id)
    await wait('staged', 2)
  }

  snapshot(version: SnapshotVersion): SinkState {
    const staged = this.#staged
    this.#staged = []
    this.#byVersion.set(version, staged)
    return { version, staged }
  }

  async commit(version: SnapshotVersion): Promise<void> {
    const { wait, transactions, generation } = this.#options
    for (const id of this.#byVersion.get(version) ?? []) {
      await wait('commit records', 3)
      transactions.fence(generation)
      transactions.commit(id)
    }
    await wait('committed', 2)
  }

  close(): void {
    this.#options.close()
  }
}
