import {
  type Key,
  numberTime,
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

  constructor(world: World, partitions: Readonly<Record<string, readonly SimulatedRecord<V, T>[]>>, time?: TimestampAlgebra<T>) {
    this.#world = world
    this.#partitions = partitions
    this.time = time ?? (numberTime as unknown as TimestampAlgebra<T>)
  }

  listPartitions(): readonly string[] {
    return Object.keys(this.#partitions)
  }

  async openPartition(partition: Key, position = 0): Promise<SourcePartition<V, T, number>> {
    await this.#world.wait(`open partition ${String(partition)}`, 2)
    return new SimulatedPartition(this.#world, this.#partitions[partition as string] ?? [], position)
  }
}

class SimulatedPartition<V, T> implements SourcePartition<V, T, number> {
  readonly #world: World
  readonly #records: readonly SimulatedRecord<V, T>[]
  #position: number

  constructor(world: World, records: readonly SimulatedRecord<V, T>[], position: number) {
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

  close(): void {}
}
