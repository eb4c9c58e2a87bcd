import {
  checkKey,
  type Key,
  type PartitionContext,
  type Sink,
  type SinkNode,
  type SinkPartition,
  type SnapshotVersion,
  type WorkerId,
} from '@malstrom/core'
import { ONLY_PARTITION } from '../compile/exchange-points.ts'
import type { SinkSnapshot } from '../snapshot/snapshot.ts'
import { CellIndex } from '../state/cell-index.ts'
import { attemptAll } from '../worker/attempt-all.ts'
import { withDeadline } from '../worker/deadline.ts'
import type { Environment } from '../worker/environment.ts'
import { attribute } from '../worker/failure.ts'
import type { Gate } from '../worker/gate.ts'
import { sinkPartitionOwner } from './sink-partition-owner.ts'

// biome-ignore lint/suspicious/noExplicitAny: a graph knows only erased sinks
type AnyPartition = SinkPartition<any, any, any, any>

interface OpenPartition {
  readonly key: Key
  readonly writer: AnyPartition
}

interface HeldRecord {
  readonly value: unknown
  readonly key: unknown
  readonly timestamp: unknown
}

/** What a sink tells when somebody asks why nothing comes. */
export interface SinkReport {
  readonly sink: string
  readonly frontier: unknown
  /** Records that wait for a partition. */
  readonly held: number
  /** What it waits for, and since when; `undefined` if it takes records. */
  readonly waiting: { readonly what: SinkWait; readonly partition: unknown; readonly forMs: number } | undefined
}

/** `opening`: a partition to open; `room`: a full partition to write out what it has; `snapshot`: the partitions to stage a snapshot. */
export type SinkWait = 'opening' | 'room' | 'snapshot'

/** Snapshot version of the one commit that a job without snapshots makes: at its end. */
const FINAL_VERSION = 1

export interface SinkStationOptions {
  readonly node: SinkNode
  readonly job: string
  readonly context: PartitionContext
  readonly environment: Environment
  readonly waitLimitMs: number
  /** What the partitions are reopened from. */
  readonly restored: SinkSnapshot | undefined
  failed(error: Error): void
}

/**
 * One sink on one worker. Generated code writes to `writer` directly while `partition` is the current
 * one. While a partition is being opened or is saturated, records are held here in order and the gate
 * of the task is closed, so what is held is bounded by what one record (or one epoch) leads to.
 */
export class SinkStation {
  // biome-ignore lint/suspicious/noExplicitAny: a graph knows only erased sinks
  readonly sink: Sink<any, any, any, any, any>
  /** The partition of `writer`. */
  partition: unknown
  /** Where records of the current partition go; `undefined` while nothing can be written. */
  writer: AnyPartition | undefined
  /** Records written so far. */
  written = 0
  /** The last epoch that came. */
  frontier: unknown
  readonly #options: SinkStationOptions
  readonly #gate: Gate
  readonly #open = new CellIndex<OpenPartition>()
  readonly #opened: OpenPartition[] = []
  #held: HeldRecord[] = []
  #waiting = false
  #waitsFor: { readonly what: SinkWait; readonly partition: unknown; readonly sinceMs: number } | undefined
  /** Settles when a partition that is being opened or flushed has answered. */
  #answered: Promise<unknown> = Promise.resolve()
  /** Set while the partitions of other workers may still be written by them. */
  #settled: Promise<void> | undefined
  #settle: () => void = () => {}
  /** Snapshots up to this one were abandoned. */
  #abandoned: SnapshotVersion = 0
  /** Who has staged something for the last snapshot that its commit is to make visible. */
  #staged: { readonly version: SnapshotVersion; readonly writers: readonly AnyPartition[] } = { version: 0, writers: [] }
  /** Nothing is written any more. */
  #ended = false
  #closed = false

  constructor(gate: Gate, options: SinkStationOptions) {
    this.#gate = gate
    this.#options = options
    this.written = options.restored?.written ?? 0
    this.frontier = options.restored?.frontier
    this.sink = options.node.sink
  }

  get node(): SinkNode {
    return this.#options.node
  }

  /** The writer of another partition than the current one, which it becomes; `undefined` if the record must be held. */
  select(partition: Key): AnyPartition | undefined {
    if (this.#waiting) return undefined
    const open = this.#open.get(partition)
    if (open === undefined) {
      this.#wait(this.#openNew(partition), 'opening', partition)
      return undefined
    }
    this.partition = partition
    this.writer = open.writer
    return open.writer
  }

  hold(value: unknown, key: unknown, timestamp: unknown): void {
    this.#held.push({ value, key, timestamp })
  }

  /**
   * The partition just written to is full. That is back-pressure and no failure, however long it
   * lasts: the status of the job shows it, and the job can be cancelled.
   */
  saturated(): void {
    const { writer } = this
    const flush = async () => writer?.flush()
    this.#wait(flush(), 'room', this.partition)
  }

  /** Writes one record; what generated code does inline. */
  write(value: unknown, key: unknown, timestamp: unknown): void {
    const partition = this.sink.partitionOf === undefined ? ONLY_PARTITION : this.sink.partitionOf(value, key, timestamp)
    const writer = this.writer !== undefined && partition === this.partition ? this.writer : this.select(partition)
    if (writer === undefined) {
      this.hold(value, key, timestamp)
      return
    }
    writer.write(value, key, timestamp)
    this.written++
    if (writer.saturated) this.saturated()
  }

  /** Whether everything that came has been written. */
  get drained(): boolean {
    return !this.#waiting && this.#held.length === 0
  }

  /**
   * Reopens the partitions of a snapshot and commits what they had staged for it, before anything is
   * written: the job may have been killed between the snapshot and its commits.
   */
  async restore(version: SnapshotVersion): Promise<void> {
    for (const { partition, state } of this.#options.restored?.partitions ?? []) await this.#openPartition(partition, state)
    await this.commit(version)
  }

  /**
   * Stages everything that was written for snapshot `version`, while nothing is written. Called
   * between two frames, with nothing held.
   */
  async precommit(version: SnapshotVersion): Promise<SinkSnapshot> {
    const partitions: { partition: Key; state: unknown }[] = []
    const { written, frontier } = this
    const writers: AnyPartition[] = []
    this.#staged = { version, writers }
    if (this.#opened.length > 0) {
      const stage = async () => {
        for (const { key, writer } of this.#opened) {
          await this.#within(`flush partition ${String(key)}`, () => writer.flush())
          if (version <= this.#abandoned) return
          if (writer.commit !== undefined) writers.push(writer)
          partitions.push({ partition: key, state: await this.#within('take its snapshot', () => writer.snapshot(version)) })
        }
      }
      const staged = stage()
      void this.#wait(staged, 'snapshot', undefined)
      await staged
    }
    return { sink: this.node.name, written, frontier, partitions }
  }

  /**
   * Snapshot `version` is abandoned. Returns whether the sink goes on as if it had never been asked: not if something is staged that
   * only the commit of this snapshot can make visible.
   */
  abandon(version: SnapshotVersion): boolean {
    this.#abandoned = version
    const writers = this.#staged.version === version ? this.#staged.writers : []
    if (writers.some(({ abandon }) => abandon === undefined)) return false
    try {
      for (const writer of writers) writer.abandon?.(version)
    } catch (error) {
      throw attribute(error, this.node, this.#options.job)
    }
    return true
  }

  /** Makes visible what was staged for snapshot `version`, which is durable. */
  async commit(version: SnapshotVersion): Promise<void> {
    for (const { key, writer } of [...this.#opened]) {
      if (writer.commit !== undefined) await this.#within(`commit partition ${String(key)}`, () => writer.commit?.(version))
    }
  }

  /** Opens no partition until `settle`: another worker may still be writing it. */
  reroute(): void {
    if (this.sink.stateless === true) return
    this.#settled = new Promise((resolve) => {
      this.#settle = resolve
    })
  }

  /** Closes the partitions that other workers write from now on. */
  async releaseTo(workers: readonly WorkerId[], self: WorkerId): Promise<void> {
    for (const [index, { key, writer }] of [...this.#opened.entries()].reverse()) {
      const owner = sinkPartitionOwner(this.node, key, workers)
      if (owner === self || (owner === undefined && workers.includes(self))) continue
      this.#opened.splice(index, 1)
      this.#open.delete(key)
      if (this.writer === writer) this.writer = undefined
      await this.#within(`close partition ${String(key)}`, () => writer.close())
    }
  }

  /** Opens what others wrote until now, and lets records go on that wait for it. */
  async settle(moved: SinkSnapshot['partitions']): Promise<void> {
    for (const { partition, state } of moved) await this.#openPartition(partition, state)
    this.#settle()
    this.#settled = undefined
  }

  explain(): SinkReport {
    const { frontier } = this
    const waits = this.#waiting ? this.#waitsFor : undefined
    const forMs = this.#options.environment.nowMs() - (waits?.sinceMs ?? 0)
    const waiting = waits && { what: waits.what, partition: waits.partition, forMs }
    return { sink: this.node.name, frontier, held: this.#held.length, waiting }
  }

  /** The job is complete: makes everything visible. */
  async finish(): Promise<void> {
    for (const { key, writer } of this.#opened) {
      await this.#within(`flush partition ${String(key)}`, () => writer.flush())
      if (writer.commit === undefined) continue
      await this.#within(`commit partition ${String(key)}`, () => {
        writer.snapshot(FINAL_VERSION)
        return writer.commit?.(FINAL_VERSION)
      })
    }
  }

  /** The job was cancelled: what was written is flushed, and nothing is committed. */
  async flush(): Promise<void> {
    this.#ended = true
    const flush = async (writer: AnyPartition) => {
      await this.#answered
      await writer.flush()
    }
    await attemptAll(
      this.#opened.map(
        ({ key, writer }) =>
          () =>
            this.#within(`flush partition ${String(key)}`, () => flush(writer)),
      ),
    )
  }

  async close(): Promise<void> {
    this.#ended = true
    this.#closed = true
    const opened = this.#opened.splice(0)
    await attemptAll(
      opened.map(
        ({ key, writer }) =>
          () =>
            this.#within(`close partition ${String(key)}`, () => writer.close()),
      ),
    )
  }

  async #openNew(partition: Key): Promise<void> {
    await this.#settled
    if (this.#open.get(partition) === undefined) await this.#openPartition(partition, undefined)
  }

  async #openPartition(partition: Key, state: unknown): Promise<void> {
    const open = async () => {
      checkKey(partition)
      const writer = await this.sink.openPartition(partition, state, this.#options.context)
      // It answered after the end of the job, or of its patience.
      if (this.#closed) await writer.close()
      return writer
    }
    const writer = await this.#within(`open partition ${String(partition)}`, open)
    if (this.#closed) return
    const opened = { key: partition, writer }
    this.#open.add(opened)
    this.#opened.push(opened)
  }

  async #wait(blocker: Promise<void>, what: SinkWait, partition: unknown): Promise<void> {
    this.#waiting = true
    this.#waitsFor = { what, partition, sinceMs: this.#options.environment.nowMs() }
    this.#answered = Promise.allSettled([blocker])
    this.writer = undefined
    this.#gate.close()
    try {
      await blocker
      if (this.#ended) return
      this.#waiting = false
      this.#replay()
    } catch (error) {
      this.#options.failed(attribute(error, this.node, this.#options.job))
      return
    }
    this.#gate.open()
  }

  /** Writes what is held, until a partition is full or must be opened again. */
  #replay(): void {
    const held = this.#held
    this.#held = []
    for (let i = 0; i < held.length; i++) {
      const { value, key, timestamp } = held[i] as HeldRecord
      try {
        this.write(value, key, timestamp)
      } catch (error) {
        throw attribute(error, this.node, this.#options.job, key, timestamp)
      }
    }
  }

  async #within<T>(what: string, action: () => Promise<T> | T): Promise<T> {
    try {
      const waitingFor = `sink "${this.node.name}" to ${what}`
      return await withDeadline(this.#options.environment, this.#options.waitLimitMs, waitingFor, action())
    } catch (error) {
      throw attribute(error, this.node, this.#options.job)
    }
  }
}
