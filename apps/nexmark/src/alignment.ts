/** How far a partition may be ahead of the slowest one, in its blocks. */
const LEAD_BLOCKS = 12
/** A partition that has ended holds nobody back. */
const ENDED = 2 ** 31 - 1

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
    Atomics.store(this.#blocks, partition, block)
  }

  /** Tells how many blocks have been read; whether more may be read now. */
  mayRead(block: number): boolean {
    const blocks = this.#blocks
    if (Atomics.load(blocks, this.#partition) !== block) Atomics.store(blocks, this.#partition, block)
    for (let other = 0; other < blocks.length; other++) if (block > Atomics.load(blocks, other) + LEAD_BLOCKS) return false
    return true
  }

  end(): void {
    Atomics.store(this.#blocks, this.#partition, ENDED)
  }
}
