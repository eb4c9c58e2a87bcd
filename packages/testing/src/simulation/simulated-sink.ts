import type { Key, PartitionContext, Sink, SinkPartition, SnapshotVersion } from '@malstrom/core'
import { copyOfRecord } from './copy-of-record.ts'
import { SinkTransactions, type VisibleRecord } from './sink-transactions.ts'
import type { SimulatedProcess, World } from './world.ts'

const STAGE_MS_MAX = 4
const STALL_MS_MAX = 3_000

export interface SimulatedSinkOptions {
  /** What may have been written to before. @default nothing */
  readonly transactions?: SinkTransactions
  /** Whose it is. @default that of whichever process is current */
  readonly process?: SimulatedProcess
  /** Probability that it takes very long to write out what it has. @default 0 */
  readonly stalls?: number
  /** Whether it keeps for the next snapshot what was staged for one that is abandoned. @default false */
  readonly keepsStaged?: boolean
}

interface SinkState {
  readonly version: SnapshotVersion
  readonly staged: readonly string[]
}

/** A sink that is exactly-once as its readers see it: what it writes is staged, and visible when committed. */
export class SimulatedSink implements Sink<unknown, unknown, unknown, 'all', SinkState> {
  readonly #world: World
  readonly #transactions: SinkTransactions
  readonly #process: SimulatedProcess | undefined
  readonly #stalls: number
  readonly #keepsStaged: boolean

  constructor(
    world: World,
    { transactions = new SinkTransactions(), process, stalls = 0, keepsStaged = false }: SimulatedSinkOptions = {},
  ) {
    this.#world = world
    this.#transactions = transactions
    this.#process = process
    this.#stalls = stalls
    this.#keepsStaged = keepsStaged
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
    const stages = () => (this.#stalls > 0 && dice.chance(this.#stalls) ? STALL_MS_MAX : STAGE_MS_MAX)
    const [transactions, keepsStaged] = [this.#transactions, this.#keepsStaged]
    return new SimulatedSinkPartition({ wait, stages, transactions, generation, bufferMax, keepsStaged, close }, state)
  }
}

interface PartitionOptions {
  wait(what: string, maxMs: number): Promise<void>
  /** How long it may take this time to stage records. */
  stages(): number
  readonly transactions: SinkTransactions
  readonly generation: number
  readonly bufferMax: number
  readonly keepsStaged: boolean
  close(): void
}

class SimulatedSinkPartition implements SinkPartition<unknown, unknown, unknown, SinkState> {
  readonly #options: PartitionOptions
  readonly #byVersion = new Map<SnapshotVersion, readonly string[]>()
  readonly abandon?: (version: SnapshotVersion) => void
  #buffer: VisibleRecord[] = []
  #staged: string[] = []

  constructor(options: PartitionOptions, state: SinkState | undefined) {
    this.#options = options
    if (state !== undefined) this.#byVersion.set(state.version, state.staged)
    if (options.keepsStaged) this.abandon = (version) => this.#keep(version)
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
    const { wait, stages, transactions, generation } = this.#options
    const records = this.#buffer
    this.#buffer = []
    await wait('stage records', stages())
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

  /** What was staged for a snapshot that was abandoned belongs to the next one. */
  #keep(version: SnapshotVersion): void {
    this.#staged = [...(this.#byVersion.get(version) ?? []), ...this.#staged]
    this.#byVersion.delete(version)
  }
}
