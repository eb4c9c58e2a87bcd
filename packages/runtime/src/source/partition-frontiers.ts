import { isTimestamp, MalstromError, numberTime, type TimestampAlgebra } from '@malstrom/core'

/** The frontier of one partition. */
export interface PartitionFrontier {
  epoch: unknown
  /** Idle for so long that the merge does not wait for it, or finished. */
  excluded: boolean
}

/**
 * The epochs of a source whose partitions have epochs of their own. Law: the merged frontier never
 * decreases, and a record that is passed on as on time is after it.
 *
 * The merge is over the partitions that are not excluded. If all are, it is the largest of theirs.
 * A record is late if it is not after its own partition's frontier, so that lateness depends on the
 * order within a partition only; or not after the merged one, which can be ahead of a partition that
 * wakes up.
 */
export class PartitionFrontiers {
  merged: unknown
  /** The partition whose records are being processed. */
  current: PartitionFrontier = { epoch: undefined, excluded: false }
  readonly #partitions: PartitionFrontier[] = []
  #held = false
  readonly #time: TimestampAlgebra<unknown>
  readonly #numbers: boolean

  /** `merged` is the merged frontier of the snapshot that is restored. */
  constructor(time: TimestampAlgebra<unknown>, merged?: unknown) {
    this.merged = merged
    this.#time = time
    this.#numbers = time === (numberTime as TimestampAlgebra<unknown>)
  }

  add(epoch?: unknown, excluded = false): PartitionFrontier {
    const partition: PartitionFrontier = { epoch, excluded }
    this.#partitions.push(partition)
    return partition
  }

  /** The partition is read by another worker from now on. */
  remove(partition: PartitionFrontier): void {
    this.#partitions.splice(this.#partitions.indexOf(partition), 1)
  }

  /** Partitions come and go: until all are there, only each partition's own frontier says what is late, and no epoch is merged. */
  hold(): void {
    this.#held = true
    this.merged = undefined
  }

  /** The merged epoch when all partitions are there: it may be less than before, if one that came is behind. */
  remerge(): unknown {
    this.#held = false
    return this.merge()
  }

  /** The timestamp up to which records of the current partition are late; `undefined` if none is. It changes with `advance` only, within a frame. */
  get bound(): unknown {
    const { epoch } = this.current
    return epoch === undefined || this.#notAfter(epoch, this.merged) ? this.merged : epoch
  }

  /** Takes note of the epoch that a record of the current partition leads to; returns the merged epoch that is to follow the record, if it advances. */
  advance(epoch: unknown): unknown {
    const { current } = this
    if (!isTimestamp(this.#time, epoch)) {
      throw new MalstromError(
        'ERR_TIMESTAMP_INVALID',
        `The epoch generator returned ${String(epoch)}, which is no timestamp. Return undefined for no epoch.`,
      )
    }
    if (this.#notAfter(epoch, current.epoch)) return undefined
    // Only the partition that holds the others back can move the merged frontier.
    const heldBack = this.merged === undefined || current.epoch === undefined || this.#notAfter(current.epoch, this.merged)
    current.epoch = epoch
    return heldBack ? this.merge() : undefined
  }

  /** The merged epoch, if it has advanced since it was last returned. */
  merge(): unknown {
    if (this.#held) return undefined
    let merged: unknown = this.#time.max
    let active = 0
    for (const { epoch, excluded } of this.#partitions) {
      if (excluded) continue
      if (epoch === undefined) return undefined
      merged = this.#time.merge(merged, epoch)
      active++
    }
    if (active === 0) merged = this.#largest()
    if (merged === undefined || this.#notAfter(merged, this.merged)) return undefined
    this.merged = merged
    return merged
  }

  /** Whether the merged epoch cannot go beyond that of this partition. */
  holdsBack(partition: PartitionFrontier): boolean {
    if (partition.excluded) return false
    const active = this.#partitions.filter(({ excluded }) => !excluded)
    if (partition.epoch === undefined || active.some(({ epoch }) => epoch === undefined)) return partition.epoch === undefined
    const least = active.reduce((merged, { epoch }) => this.#time.merge(merged, epoch), this.#time.max)
    return this.#time.compare(partition.epoch, least) <= 0
  }

  #largest(): unknown {
    let largest: unknown
    for (const { epoch } of this.#partitions) if (epoch !== undefined && !this.#notAfter(epoch, largest)) largest = epoch
    return largest
  }

  #notAfter(timestamp: unknown, bound: unknown): boolean {
    if (bound === undefined || timestamp === undefined) return false
    return this.#numbers ? (timestamp as number) <= (bound as number) : this.#time.compare(timestamp, bound) <= 0
  }
}
