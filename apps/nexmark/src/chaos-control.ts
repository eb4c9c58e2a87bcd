import type { ReadingControl } from './reading-hooks.ts'

/** The places of the shared memory. */
const ORDER = 0
const LIMIT = 1
const FIRST_PARTITION = 2
/** Behind the last event: where a partition stands that has no more. */
const END = 2 ** 31 - 1
/** Frames are small, so that threads end in the middle of the work. */
const FRAME_RECORDS = 64

/** What a run with trouble in it is steered by: one thread writes, the workers read. */
export function chaosMemory(partitions: number): SharedArrayBuffer {
  return new SharedArrayBuffer(4 * (FIRST_PARTITION + partitions))
}

/** The side of the workers. */
export function sharedControl(memory: SharedArrayBuffer): ReadingControl {
  const places = new Int32Array(memory)
  return {
    allowed(partition, at, limit) {
      // Whoever sees the order first obeys it: the thread ends here, without a word to anybody.
      if (Atomics.compareExchange(places, ORDER, 1, 0) === 1) process.exit(1)
      Atomics.store(places, FIRST_PARTITION + partition, at)
      return at >= Atomics.load(places, LIMIT) ? 0 : Math.min(limit, FRAME_RECORDS)
    },
    ended: (partition) => void Atomics.store(places, FIRST_PARTITION + partition, END),
  }
}

/** The side of the thread that makes the trouble. */
export class ChaosOrders {
  readonly #places: Int32Array

  constructor(memory: SharedArrayBuffer) {
    this.#places = new Int32Array(memory)
  }

  /** Partitions read the events below `event`, and wait then. */
  readTo(event: number): void {
    Atomics.store(this.#places, LIMIT, event)
  }

  readToEnd(): void {
    this.readTo(END)
  }

  /** Where the partition stands that is furthest back. */
  get position(): number {
    return Math.min(...this.#places.subarray(FIRST_PARTITION))
  }

  /** One of the workers is to end. */
  killOne(): void {
    Atomics.store(this.#places, ORDER, 1)
  }

  /** Whether a worker has heard it. */
  get obeyed(): boolean {
    return Atomics.load(this.#places, ORDER) === 0
  }
}
