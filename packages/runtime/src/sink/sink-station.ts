import type { Key, PartitionContext, Sink, SinkNode, SinkPartition } from '@malstrom/core'
import { CellIndex } from '../state/cell-index.ts'
import { withDeadline } from '../worker/deadline.ts'
import type { Environment } from '../worker/environment.ts'
import { attribute } from '../worker/failure.ts'
import type { Gate } from '../worker/gate.ts'

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

/** A partition that no record has: no record is written to `writer` while it is the current one. */
const NO_PARTITION = Symbol('no partition')

/** Snapshot version of the one commit that a job without snapshots makes: at its end. */
const FINAL_VERSION = 1

export interface SinkStationOptions {
  readonly node: SinkNode
  readonly job: string
  readonly context: PartitionContext
  readonly environment: Environment
  readonly waitLimitMs: number
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
  partition: unknown = NO_PARTITION
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

  constructor(gate: Gate, options: SinkStationOptions) {
    this.#gate = gate
    this.#options = options
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
      this.#wait(this.#openPartition(partition))
      return undefined
    }
    this.partition = partition
    this.writer = open.writer
    return open.writer
  }

  hold(value: unknown, key: unknown, timestamp: unknown): void {
    this.#held.push({ value, key, timestamp })
  }

  /** The partition just written to is full. */
  saturated(): void {
    const { writer } = this
    if (writer !== undefined) this.#wait(writer.flush())
  }

  /** Writes one record; what generated code does inline. */
  write(value: unknown, key: unknown, timestamp: unknown): void {
    const partition = this.sink.partitionOf(value, key, timestamp)
    const writer = partition === this.partition ? this.writer : this.select(partition)
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

  /** The job is complete: makes everything visible. */
  async finish(): Promise<void> {
    for (const { key, writer } of this.#opened) {
      await this.#within(`sink "${this.node.name}" to flush partition ${String(key)}`, () => writer.flush())
      if (writer.commit === undefined) continue
      writer.snapshot(FINAL_VERSION)
      await this.#within(`sink "${this.node.name}" to commit partition ${String(key)}`, () => writer.commit?.(FINAL_VERSION))
    }
  }

  /** The job was cancelled: what was written is flushed, and nothing is committed. */
  async flush(): Promise<void> {
    for (const { key, writer } of this.#opened) {
      await this.#within(`sink "${this.node.name}" to flush partition ${String(key)}`, () => writer.flush())
    }
  }

  async close(): Promise<void> {
    for (const { key, writer } of this.#opened.splice(0)) {
      await this.#within(`sink "${this.node.name}" to close partition ${String(key)}`, () => writer.close())
    }
  }

  async #openPartition(partition: Key): Promise<void> {
    const { context } = this.#options
    const writer = await this.#within(`sink "${this.node.name}" to open partition ${String(partition)}`, () =>
      this.sink.openPartition(partition, undefined, context),
    )
    const open = { key: partition, writer }
    this.#open.add(open)
    this.#opened.push(open)
  }

  async #wait(blocker: Promise<void>): Promise<void> {
    this.#waiting = true
    this.partition = NO_PARTITION
    this.#gate.close()
    try {
      await blocker
    } catch (error) {
      this.#options.failed(attribute(error, this.node, this.#options.job))
      return
    }
    this.#waiting = false
    try {
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
      this.write(value, key, timestamp)
    }
  }

  async #within<T>(what: string, action: () => Promise<T> | T): Promise<T> {
    try {
      return await withDeadline(this.#options.environment, this.#options.waitLimitMs, what, action())
    } catch (error) {
      throw attribute(error, this.node, this.#options.job)
    }
  }
}
