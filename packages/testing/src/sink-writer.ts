import { checkKey, type Key, type Sink, type SinkPartition, sameKey } from '@malstrom/core'
import { expect } from 'vitest'
import { within } from './event-loop.ts'
import { WAIT_MS, withSystem } from './external-system.ts'
import type { SinkRecord, SinkSuiteOptions } from './sink-suite-options.ts'
import { copyOfState } from './state-copy.ts'

/** What a snapshot of the job holds of a sink. */
export interface DurableSink<P, S> {
  /** 0 before the first snapshot. */
  readonly version: number
  readonly states: readonly { readonly partition: P; readonly state: S }[]
}

/** The partition of a sink that has no `partitionOf`. */
const ONLY_PARTITION = 'all'

/** The partition of `sink` that takes a record. */
export function partitionOf<V, K, T, P extends Key, S>(sink: Sink<V, K, T, P, S>, { value, key, timestamp }: SinkRecord<V, K, T>): P {
  return sink.partitionOf === undefined ? (ONLY_PARTITION as P) : sink.partitionOf(value, key, timestamp)
}

interface OpenPartition<V, K, T, P, S> {
  readonly partition: P
  readonly writer: SinkPartition<V, K, T, S>
}

/** One run of one check: starts sinks as a job would, reads what they wrote, and closes whatever the check left open. */
export class SinkBench<V, K, T, P extends Key, S, W> {
  readonly #options: SinkSuiteOptions<V, K, T, P, S, W>
  readonly #system: W
  readonly #writers: SinkWriter<V, K, T, P, S>[] = []

  constructor(options: SinkSuiteOptions<V, K, T, P, S, W>, system: W) {
    this.#options = options
    this.#system = system
  }

  async create(): Promise<Sink<V, K, T, P, S>> {
    return await within(this.#waitMs, 'create()', this.#options.create(this.#system))
  }

  /** Starts the sink from `durable`: every partition is opened and its version committed before anything is written. */
  async start(durable?: DurableSink<P, S>): Promise<SinkWriter<V, K, T, P, S>> {
    const writer = new SinkWriter<V, K, T, P, S>(await this.create(), this.#writers.length + 1, this.#waitMs)
    this.#writers.push(writer)
    for (const { partition, state } of durable?.states ?? []) await writer.open(partition, state)
    if (durable !== undefined && durable.version > 0) await writer.commit(durable.version)
    return writer
  }

  /** What readers see, and what they would see after exactly `records`: both as `[partition, records]`. */
  async readAndExpected(records: readonly SinkRecord<V, K, T>[]) {
    const sink = await this.create()
    const partitions: { partition: P; records: unknown[] }[] = []
    const recordsOf = (partition: P) => {
      const known = partitions.find((other) => sameKey(other.partition, partition))
      if (known !== undefined) return known.records
      const added = { partition, records: [] }
      partitions.push(added)
      return added.records as unknown[]
    }
    const visible = this.#options.visible ?? (({ value }) => value)
    // A partition that must be empty is read as well.
    for (const record of this.#options.records) recordsOf(partitionOf(sink, record))
    for (const record of records) recordsOf(partitionOf(sink, record)).push(visible(record))
    const read: typeof partitions = []
    for (const { partition } of partitions) {
      read.push({ partition, records: [...(await within(this.#waitMs, 'read()', this.#options.read(this.#system, partition)))] })
    }
    return { read, expected: partitions }
  }

  async expectReadable(records: readonly SinkRecord<V, K, T>[], when: string): Promise<void> {
    const { read, expected } = await this.readAndExpected(records)
    expect(read, `what can be read ${when}`).toEqual(expected)
  }

  async close(): Promise<void> {
    for (const writer of this.#writers) if (!writer.isClosed) await writer.close()
  }

  get #waitMs(): number {
    return this.#options.waitMs ?? WAIT_MS
  }
}

/** Runs `check` with an external system and a bench of its own. */
export function withSink<V, K, T, P extends Key, S, W>(
  options: SinkSuiteOptions<V, K, T, P, S, W>,
  check: (bench: SinkBench<V, K, T, P, S, W>) => Promise<void>,
): Promise<void> {
  return withSystem(options, async (system) => {
    const bench = new SinkBench(options, system)
    try {
      await check(bench)
    } finally {
      await bench.close()
    }
  })
}

/** One start of a sink: its open partitions, used as a worker uses them. */
export class SinkWriter<V, K, T, P extends Key, S> {
  isClosed = false
  readonly #sink: Sink<V, K, T, P, S>
  readonly #generation: number
  readonly #waitMs: number
  readonly #partitions: OpenPartition<V, K, T, P, S>[] = []

  constructor(sink: Sink<V, K, T, P, S>, generation: number, waitMs: number) {
    this.#sink = sink
    this.#generation = generation
    this.#waitMs = waitMs
  }

  get partitions(): readonly SinkPartition<V, K, T, S>[] {
    return this.#partitions.map(({ writer }) => writer)
  }

  async open(partition: P, state: S | undefined): Promise<SinkPartition<V, K, T, S>> {
    const context = { job: 'conformance', operator: 'sink', worker: 0, generation: this.#generation }
    const writer = await within(this.#waitMs, 'openPartition()', this.#sink.openPartition(partition, copyOfState(state), context))
    this.#partitions.push({ partition, writer })
    return writer
  }

  /** The partition that takes `record`, opened if it is the first one. */
  async partitionFor(record: SinkRecord<V, K, T>): Promise<SinkPartition<V, K, T, S>> {
    const partition = partitionOf(this.#sink, record)
    checkKey(partition)
    return this.#partitions.find((open) => sameKey(open.partition, partition))?.writer ?? (await this.open(partition, undefined))
  }

  async write(records: readonly SinkRecord<V, K, T>[]): Promise<void> {
    for (const record of records) {
      const writer = await this.partitionFor(record)
      if (writer.saturated) await this.flushPartition(writer)
      writer.write(record.value, record.key, record.timestamp)
    }
  }

  async flushPartition(writer: SinkPartition<V, K, T, S>): Promise<void> {
    await within(this.#waitMs, 'flush()', writer.flush())
  }

  async flush(): Promise<void> {
    for (const { writer } of this.#partitions) await this.flushPartition(writer)
  }

  /** Flushes and takes a snapshot, as at a barrier. */
  async prepare(version: number): Promise<DurableSink<P, S>> {
    await this.flush()
    return {
      version,
      states: this.#partitions.map(({ partition, writer }) => ({ partition, state: copyOfState(writer.snapshot(version)) })),
    }
  }

  async commit(version: number): Promise<void> {
    for (const { writer } of this.#partitions) await within(this.#waitMs, 'commit()', writer.commit?.(version))
  }

  /** The prepared snapshot will never be durable. Returns whether what it staged goes into the next one; otherwise nothing has happened. */
  abandon(version: number): boolean {
    const staged = this.#partitions.map(({ writer }) => writer).filter(({ commit }) => commit !== undefined)
    if (staged.some(({ abandon }) => abandon === undefined)) return false
    for (const writer of staged) writer.abandon?.(version)
    return true
  }

  /** A whole snapshot: flushed, durable, committed. */
  async checkpoint(version: number): Promise<DurableSink<P, S>> {
    const durable = await this.prepare(version)
    await this.commit(version)
    return durable
  }

  async close(): Promise<void> {
    this.isClosed = true
    for (const { writer } of this.#partitions) await within(this.#waitMs, 'close()', writer.close())
  }
}
