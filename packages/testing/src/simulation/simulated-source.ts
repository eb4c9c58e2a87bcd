import {
  type Key,
  numberTime,
  type PartitionContext,
  type Source,
  type SourceOutput,
  type SourcePartition,
  type SourceStatus,
  type TimestampAlgebra,
} from '@malstrom/core'
import type { World } from './world.ts'

/** A record of a simulated source, with its timestamp. */
export interface SimulatedRecord<V, T> {
  readonly value: V
  readonly timestamp: T
}

/** Reads lists of records, one per partition, in pieces and with pauses that the seed decides. */
export class SimulatedSource<V, T> implements Source<V, T, string, number> {
  readonly time: TimestampAlgebra<T>
  readonly #world: World
  readonly #partitions: Readonly<Record<string, readonly SimulatedRecord<V, T>[]>>
  /** Who reads a partition now. */
  readonly #readers = new Map<string, { readonly generation: number; readonly worker: number }>()

  constructor(world: World, partitions: Readonly<Record<string, readonly SimulatedRecord<V, T>[]>>, time?: TimestampAlgebra<T>) {
    this.#world = world
    this.#partitions = partitions
    this.time = time ?? (numberTime as unknown as TimestampAlgebra<T>)
  }

  listPartitions(): readonly string[] {
    return Object.keys(this.#partitions)
  }

  async openPartition(partition: Key, position = 0, { generation, worker }: PartitionContext): Promise<SourcePartition<V, T, number>> {
    await this.#world.wait(`open partition ${String(partition)}`, 2)
    const name = partition as string
    const reader = this.#readers.get(name)
    if (reader?.generation === generation) {
      throw new Error(`worker ${worker} opens partition ${name}, which worker ${reader.worker} still reads`)
    }
    const own = { generation, worker }
    this.#readers.set(name, own)
    const closed = () => {
      if (this.#readers.get(name) === own) this.#readers.delete(name)
    }
    return new SimulatedPartition(this.#world, this.#partitions[name] ?? [], position, closed)
  }
}

class SimulatedPartition<V, T> implements SourcePartition<V, T, number> {
  readonly #world: World
  readonly #records: readonly SimulatedRecord<V, T>[]
  #position: number
  readonly close: () => void

  constructor(world: World, records: readonly SimulatedRecord<V, T>[], position: number, closed: () => void) {
    this.close = closed
    this.#world = world
    this.#records = records
    this.#position = position
  }

  poll(output: SourceOutput<V, T>, limit: number): SourceStatus {
    const { dice } = this.#world
    const end = Math.min(this.#position + 1 + dice.below(Math.min(limit, 5)), this.#records.length)
    for (; this.#position < end; this.#position++) {
      const { value, timestamp } = this.#records[this.#position] as SimulatedRecord<V, T>
      output.emit(value, timestamp)
    }
    if (end === this.#records.length) return 'finished'
    return dice.chance(0.4) ? 'more' : 'idle'
  }

  ready(): Promise<void> {
    return this.#world.wait('more records', 8)
  }

  snapshot(): number {
    return this.#position
  }
}
