import { type Key, MalstromError, type PartitionContext, type Sink, type SinkPartition, type SnapshotVersion } from '@malstrom/core'
import type { World } from './world.ts'

/** A record as readers of a simulated sink see it. */
export interface VisibleRecord {
  readonly value: unknown
  readonly key: unknown
  readonly timestamp: unknown
}

interface SinkState {
  readonly version: SnapshotVersion
  readonly staged: readonly string[]
}

/** The outer system behind a simulated sink: what it has staged, and what its readers see. */
class Transactions {
  readonly staged = new Map<string, readonly VisibleRecord[]>()
  readonly visible: VisibleRecord[] = []
  readonly committed = new Set<string>()
  generation = 0
  count = 0
  /** Who writes now. */
  writer: { readonly generation: number; readonly worker: number } | undefined

  /** A later start takes over; what an earlier one does after that is refused. */
  fence(generation: number): void {
    if (generation < this.generation) throw new MalstromError('ERR_FENCED', 'A later start writes to this partition.')
    this.generation = generation
  }

  /** Of the workers of one start, one writes at a time. */
  open(generation: number, worker: number): void {
    if (this.writer?.generation === generation) {
      throw new Error(`worker ${worker} opens a partition that worker ${this.writer.worker} still writes`)
    }
    this.writer = { generation, worker }
  }

  close(generation: number, worker: number): void {
    if (this.writer?.generation === generation && this.writer.worker === worker) this.writer = undefined
  }

  commit(id: string): void {
    if (this.committed.has(id)) return
    const records = this.staged.get(id)
    if (records === undefined) throw new Error(`nothing is staged as ${id}`)
    this.committed.add(id)
    this.visible.push(...records)
  }
}

/** A sink that is exactly-once as its readers see it: what it writes is staged, and visible when committed. */
export class SimulatedSink implements Sink<unknown, unknown, unknown, 'all', SinkState> {
  readonly #world: World
  readonly #transactions = new Transactions()

  constructor(world: World) {
    this.#world = world
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
    await this.#world.wait('open the sink', 3)
    this.#transactions.fence(generation)
    this.#transactions.open(generation, worker)
    return new SimulatedSinkPartition(this.#world, this.#transactions, generation, worker, state)
  }
}

class SimulatedSinkPartition implements SinkPartition<unknown, unknown, unknown, SinkState> {
  readonly #world: World
  readonly #transactions: Transactions
  readonly #generation: number
  readonly #worker: number
  readonly #bufferMax: number
  readonly #byVersion = new Map<SnapshotVersion, readonly string[]>()
  #buffer: VisibleRecord[] = []
  #staged: string[] = []

  constructor(world: World, transactions: Transactions, generation: number, worker: number, state: SinkState | undefined) {
    this.#world = world
    this.#transactions = transactions
    this.#generation = generation
    this.#worker = worker
    this.#bufferMax = 1 + world.dice.below(30)
    if (state !== undefined) this.#byVersion.set(state.version, state.staged)
  }

  get saturated(): boolean {
    return this.#buffer.length >= this.#bufferMax
  }

  write(value: unknown, key: unknown, timestamp: unknown): void {
    // What a job emits may be one of its states, which it goes on changing.
    this.#buffer.push({ value: structuredClone(value), key, timestamp })
  }

  async flush(): Promise<void> {
    const records = this.#buffer
    this.#buffer = []
    await this.#world.wait('stage records', 4)
    this.#transactions.fence(this.#generation)
    const id = `${this.#generation}-${++this.#transactions.count}`
    this.#transactions.staged.set(id, records)
    this.#staged.push(id)
    await this.#world.wait('staged', 2)
  }

  snapshot(version: SnapshotVersion): SinkState {
    const staged = this.#staged
    this.#staged = []
    this.#byVersion.set(version, staged)
    return { version, staged }
  }

  async commit(version: SnapshotVersion): Promise<void> {
    for (const id of this.#byVersion.get(version) ?? []) {
      await this.#world.wait('commit records', 3)
      this.#transactions.fence(this.#generation)
      this.#transactions.commit(id)
    }
    await this.#world.wait('committed', 2)
  }

  close(): void {
    this.#transactions.close(this.#generation, this.#worker)
  }
}
