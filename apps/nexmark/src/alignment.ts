/** How far a partition may be ahead of the slowest one, in its blocks. */
const LEAD_BLOCKS = 2
/** A partition that has ended holds nobody back. */
const ENDED = 2 ** 31 - 1
/** How long a partition waits for others before it looks again: they tell when they move, unless they are gone. */
const WAIT_MS = 100

/** Memory that all threads share, in which each partition tells how far it is. */
export function alignmentMemory(partitions: number): SharedArrayBuffer {
  return new SharedArrayBuffer(4 * partitions)
}

/**
 * Keeps the partitions of a source close to each other in event time, on whatever thread they are read: what one has read ahead of
 * the others waits in the state of the job until their epochs come. Flink calls it watermark alignment.
 */
export class Alignment {
  readonly #blocks: Int32Array
  readonly #partition: number

  /** `block` is how many blocks the partition has read before. */
  constructor(memory: SharedArrayBuffer, partition: number, block: number) {
    this.#blocks = new Int32Array(memory)
    this.#partition = partition
    this.#tell(block)
  }

  /** Tells how many blocks have been read; whether more may be read now. */
  mayRead(block: number): boolean {
    if (Atomics.load(this.#blocks, this.#partition) !== block) this.#tell(block)
    return this.#holder(block) === undefined
  }

  /** Resolves when the partition that holds this one back has gone on; `undefined` if none does. */
  changed(block: number): Promise<unknown> | undefined {
    const holder = this.#holder(block)
    if (holder === undefined) return undefined
    const { value } = Atomics.waitAsync(this.#blocks, holder.partition, holder.block, WAIT_MS)
    return Promise.resolve(value)
  }

  end(): void {
    this.#tell(ENDED)
  }

  #tell(block: number): void {
    Atomics.store(this.#blocks, this.#partition, block)
    Atomics.notify(this.#blocks, this.#partition)
  }

  /** A partition that is too far behind. */
  #holder(block: number): { partition: number; block: number } | undefined {
    for (let partition = 0; partition < this.#blocks.length; partition++) {
      const there = Atomics.load(this.#blocks, partition)
      if (block > there + LEAD_BLOCKS) return { partition, block: there }
    }
    return undefined
  }
}
