import {
  assert,
  type Key,
  type PartitionContext,
  type SnapshotVersion,
  type SourceNode,
  type SourceStatusReport,
  sameKey,
} from '@malstrom/core'
import { FRAME_RECORDS_MAX, type Frame } from '../exchange/frame.ts'
import type { SourcePartitionSnapshot, SourceSnapshot } from '../snapshot/snapshot.ts'
import { CellIndex } from '../state/cell-index.ts'
import { attemptAll } from '../worker/attempt-all.ts'
import { withDeadline } from '../worker/deadline.ts'
import type { Environment } from '../worker/environment.ts'
import { attribute } from '../worker/failure.ts'
import { checkTimestamps } from './check-timestamps.ts'
import { listPartitions } from './list-partitions.ts'
import {
  explainPartition,
  noLongerIdle,
  noticeEpoch,
  type OpenPartition,
  type PartitionReport,
  type Reader,
  stateOf,
  statusOf,
} from './open-partition.ts'
import type { PartitionFrontiers } from './partition-frontiers.ts'
import { SourceFrame } from './source-frame.ts'

export interface AssignedPartition {
  readonly partition: Key
  /** Where it stood in the snapshot that is restored. */
  readonly saved: SourcePartitionSnapshot | undefined
}

export interface SourceStationOptions {
  readonly node: SourceNode
  readonly job: string
  readonly context: PartitionContext
  readonly environment: Environment
  readonly waitLimitMs: number
  readonly frontiers: PartitionFrontiers | undefined
  readonly restored: SourceSnapshot | undefined
  /** The partitions of this worker, if there are other workers; otherwise it has all that the source lists. */
  readonly assigned: readonly AssignedPartition[] | undefined
  /** There is something to do: a partition can be read, or the frontier may have moved. */
  wake(): void
  failed(error: Error): void
}

/**
 * One source on one worker: its partitions take turns. An idle partition is not polled until it says
 * that it is ready, so an idle job uses no CPU.
 */
export class SourceStation {
  readonly #options: SourceStationOptions
  readonly #frame: SourceFrame
  readonly #partitions: OpenPartition[] = []
  /** Finished with the last poll: excluded from the merge once those records have been processed. */
  #finishing: OpenPartition | undefined
  #turn = 0
  #closed = false
  /** Partitions that are on their way from other workers. */
  #expected = 0

  constructor(options: SourceStationOptions) {
    this.#options = options
    this.#frame = new SourceFrame(options.node.source.time)
  }

  get finished(): boolean {
    return this.#expected === 0 && this.#partitions.every(({ state }) => state === 'finished')
  }

  /** Whether it has no partition, and none is on its way. */
  get isEmpty(): boolean {
    return this.#partitions.length === 0 && this.#expected === 0
  }

  /** Whether no partition is on its way from another worker. */
  get settled(): boolean {
    return this.#expected === 0
  }

  /** Whether nothing is to be expected for long: of the partitions that have not finished, all are excluded from the merge. */
  get idle(): boolean {
    let idle = false
    for (const { state, frontier } of this.#partitions) {
      if (state === 'finished') continue
      if (frontier?.excluded !== true) return false
      idle = true
    }
    return idle && this.#expected === 0
  }

  get recordsIn(): number {
    return this.#partitions.reduce((sum, { recordsIn }) => sum + recordsIn, 0)
  }

  async open(): Promise<void> {
    const { node, assigned } = this.#options
    if (assigned !== undefined) {
      for (const { partition, saved } of assigned) await this.#openPartition(partition, saved)
      return
    }
    const keys = await listPartitions(node, this.#options)
    const restored = new CellIndex<{ readonly key: Key; readonly saved: SourcePartitionSnapshot }>()
    for (const saved of this.#options.restored?.partitions ?? []) restored.add({ key: saved.partition, saved })
    const known = new CellIndex<{ readonly key: Key }>()
    for (const key of keys) {
      known.add({ key })
      await this.#openPartition(key, restored.get(key)?.saved)
    }
    // A partition that is no longer listed still has a position, and what to do about it is the source's decision.
    for (const saved of this.#options.restored?.partitions ?? []) {
      if (known.get(saved.partition) === undefined) await this.#openPartition(saved.partition, saved)
    }
  }

  /** Where every partition stands. */
  snapshot(): readonly SourcePartitionSnapshot[] {
    return this.#partitions.map((partition) => this.#snapshotOf(partition))
  }

  get name(): string {
    return this.#options.node.name
  }

  /** From now on a partition is read by another worker. Resolves with where it stands, when it is closed here. */
  async leave(key: Key): Promise<SourcePartitionSnapshot> {
    const index = this.#partitions.findIndex((partition) => sameKey(partition.key, key))
    const partition = this.#partitions[index]
    assert(partition !== undefined, 'only a partition that is here can leave')
    const saved = this.#snapshotOf(partition)
    this.#partitions.splice(index, 1)
    this.#turn = 0
    partition.cancelIdleTimer?.()
    if (partition.frontier !== undefined) this.#options.frontiers?.remove(partition.frontier)
    if (this.#finishing === partition) this.#finishing = undefined
    await this.#within(`close partition ${String(key)}`, () => partition.reader?.close())
    return saved
  }

  /** So many partitions will come from other workers. */
  expect(partitions: number): void {
    this.#expected += partitions
  }

  /** A partition has come from another worker, which has closed it. */
  async arrive(saved: SourcePartitionSnapshot): Promise<void> {
    await this.#openPartition(saved.partition, saved)
    this.#expected--
    this.#options.wake()
  }

  /** A partition that was found while the job runs. Returns `false` if the source has come to its end before. */
  async add(key: Key): Promise<boolean> {
    if (this.finished || this.#closed) return false
    if (this.#partitions.some((known) => sameKey(known.key, key))) return true
    this.expect(1)
    await this.#openPartition(key, undefined, true)
    this.#expected--
    this.#options.wake()
    return true
  }

  /** The positions of snapshot `version` are durable. */
  committed(version: SnapshotVersion): void {
    const { node, job } = this.#options
    for (const { reader } of this.#partitions) {
      try {
        reader?.committed?.(version)
      } catch (error) {
        throw attribute(error, node, job)
      }
    }
  }

  /** The records of the next partition that has some; `undefined` if no partition can be read now. */
  poll(): Frame | undefined {
    this.#excludeFinished()
    this.#excludeIdle()
    let mayHaveMore = false
    for (let tried = 0; tried < this.#partitions.length; tried++) {
      const partition = this.#partitions[this.#turn] as OpenPartition
      this.#turn = (this.#turn + 1) % this.#partitions.length
      if (partition.state !== 'active') continue
      this.#pollPartition(partition)
      if (this.#frame.count > 0) return this.#frame
      this.#excludeFinished()
      if ((partition.state as string) === 'active') mayHaveMore = true
    }
    // Nothing now, but it asked to be polled soon.
    if (mayHaveMore) this.#options.wake()
    return undefined
  }

  async close(): Promise<void> {
    this.#closed = true
    const partitions = this.#partitions.splice(0)
    for (const { cancelIdleTimer } of partitions) cancelIdleTimer?.()
    await attemptAll(
      partitions.map(
        ({ key, reader }) =>
          () =>
            this.#within(`close partition ${String(key)}`, () => reader?.close()),
      ),
    )
  }

  report(backPressured: boolean): SourceStatusReport[] {
    return this.#partitions.map((partition) => statusOf(this.name, partition, backPressured))
  }

  /** What each partition waits for. */
  explain(): PartitionReport[] {
    const { environment, frontiers } = this.#options
    return this.#partitions.map((partition) => explainPartition(partition, environment.nowMs(), frontiers))
  }

  async #openPartition(key: Key, restored: SourcePartitionSnapshot | undefined, found = false): Promise<void> {
    const { frontiers, environment } = this.#options
    // What is not in a snapshot of the source was not there when it was taken.
    const discovered = found || (restored === undefined && this.#options.restored !== undefined)
    const finished = restored?.finished ?? false
    const reader = finished
      ? undefined
      : await this.#within(`open partition ${String(key)}`, () => this.#openReader(key, restored?.position, discovered))
    this.#partitions.push({
      key,
      reader,
      restored,
      frontier: frontiers?.add(restored?.frontier, finished || (restored?.excluded ?? false)),
      state: finished ? 'finished' : 'active',
      recordsIn: restored?.recordsIn ?? 0,
      lastRecordMs: environment.nowMs(),
      epochSinceMs: environment.nowMs(),
      seenEpoch: restored?.frontier,
      idleForLong: restored?.excluded ?? false,
      cancelIdleTimer: undefined,
    })
  }

  async #openReader(key: Key, position: unknown, discovered: boolean): Promise<Reader> {
    const { node, context } = this.#options
    const reader = await node.source.openPartition(key, position, { ...context, discovered })
    // It answered after the end of the patience for it.
    if (this.#closed) await reader.close()
    return reader
  }

  #snapshotOf({ key, reader, restored, frontier, state, recordsIn }: OpenPartition): SourcePartitionSnapshot {
    return {
      partition: key,
      position: reader === undefined ? restored?.position : this.#positionOf(reader),
      finished: state === 'finished',
      recordsIn,
      frontier: frontier?.epoch,
      excluded: frontier?.excluded ?? false,
    }
  }

  #positionOf(reader: Reader): unknown {
    try {
      return reader.snapshot()
    } catch (error) {
      throw attribute(error, this.#options.node, this.#options.job)
    }
  }

  #pollPartition(partition: OpenPartition): void {
    const reader = partition.reader as Reader
    const frame = this.#frame
    const { node, job, frontiers } = this.#options
    frame.clear()
    try {
      partition.state = stateOf(reader.poll(frame, FRAME_RECORDS_MAX))
      // Where epochs are generated, each timestamp is looked at anyway.
      if (node.epochs === undefined) checkTimestamps(frame, node.source.time)
    } catch (error) {
      throw attribute(error, node, job)
    }
    partition.recordsIn += frame.count
    noticeEpoch(partition)
    if (frame.count > 0) partition.lastRecordMs = this.#options.environment.nowMs()
    if (frontiers !== undefined && partition.frontier !== undefined) {
      if (frame.count > 0) noLongerIdle(partition, partition.frontier)
      frontiers.current = partition.frontier
    }
    if (partition.state === 'idle') this.#awaitReady(partition, reader)
    if (partition.state === 'finished') this.#finishing = partition
  }

  #awaitReady(partition: OpenPartition, reader: Reader): void {
    const { environment, node, job, wake, failed } = this.#options
    const idleAfterMs = node.epochs?.idleAfterMs
    // A partition that is ready and then has no record after all has been idle all the time.
    if (idleAfterMs !== undefined && !partition.idleForLong && partition.cancelIdleTimer === undefined) {
      partition.cancelIdleTimer = environment.after(idleAfterMs, () => {
        partition.idleForLong = true
        wake()
      })
    }
    // Started in a promise, so that a `ready` that throws is a source that fails.
    const ready = new Promise<void>((resolve) => resolve(reader.ready()))
    ready.then(
      () => {
        if (this.#closed || !this.#partitions.includes(partition)) return
        partition.state = 'active'
        wake()
      },
      (error) => {
        if (!this.#closed && this.#partitions.includes(partition)) failed(attribute(error, node, job))
      },
    )
  }

  /**
   * Called between two frames, so that back-pressure excludes no partition whose last records are
   * still on their way, or which could be read by now.
   */
  #excludeIdle(): void {
    for (const partition of this.#partitions) {
      if (partition.idleForLong && partition.state === 'idle' && partition.frontier?.excluded === false) this.#exclude(partition)
    }
  }

  #excludeFinished(): void {
    if (this.#finishing !== undefined) this.#exclude(this.#finishing)
    this.#finishing = undefined
  }

  /** The merged frontier no longer waits for this partition. */
  #exclude(partition: OpenPartition): void {
    if (partition.frontier === undefined) return
    partition.frontier.excluded = true
    this.#options.wake()
  }

  async #within<T>(what: string, action: () => Promise<T> | T): Promise<T> {
    const { environment, waitLimitMs, node, job } = this.#options
    try {
      return await withDeadline(environment, waitLimitMs, `source "${node.name}" to ${what}`, action())
    } catch (error) {
      throw attribute(error, node, job)
    }
  }
}
