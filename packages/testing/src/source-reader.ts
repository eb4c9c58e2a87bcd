import type { Key, Source, SourcePartition, SourceStatus } from '@malstrom/core'
import { turns, within } from './event-loop.ts'
import { WAIT_MS, withSystem } from './external-system.ts'
import { must } from './law.ts'
import { RecordingOutput, type SourceRecord } from './recording-output.ts'
import type { SourceSuiteOptions } from './source-suite-options.ts'
import { copyOfState } from './state-copy.ts'

/** Polls without a record, one after the other, before a source counts as one that keeps the worker busy for nothing. */
const EMPTY_POLLS_MAX = 10_000
const LIMIT = 1_024

/** One run of one check: opens partitions as workers would, and closes in the end whatever the check left open. */
export class SourceBench<V, T, P extends Key, S, W> {
  readonly #options: SourceSuiteOptions<V, T, P, S, W>
  readonly #system: W
  readonly #readers: PartitionReader<V, T, S>[] = []

  constructor(options: SourceSuiteOptions<V, T, P, S, W>, system: W) {
    this.#options = options
    this.#system = system
  }

  async create(): Promise<Source<V, T, P, S>> {
    return await within(this.#waitMs, 'create()', this.#options.create(this.#system))
  }

  async append(partition: P): Promise<SourceRecord<V, T>> {
    must(this.#options.append !== undefined, 'A source that does not finish needs `append` for this check.')
    return await this.#options.append(this.#system, partition)
  }

  /** Opens `partition` the way a new start of the job does: with a new source, a copy of the state, a new generation. */
  async open(partition: P, state?: S, source?: Source<V, T, P, S>): Promise<PartitionReader<V, T, S>> {
    const context = { job: 'conformance', operator: 'source', worker: 0, generation: this.#readers.length + 1 }
    const opening = (source ?? (await this.create())).openPartition(partition, state, context)
    const reader = new PartitionReader(await within(this.#waitMs, 'openPartition()', opening), this.#waitMs)
    this.#readers.push(reader)
    return reader
  }

  async close(): Promise<void> {
    for (const reader of this.#readers) if (!reader.isClosed) await reader.close()
  }

  get #waitMs(): number {
    return this.#options.waitMs ?? WAIT_MS
  }
}

/** Runs `check` with an external system and a bench of its own. */
export function withSource<V, T, P extends Key, S, W>(
  options: SourceSuiteOptions<V, T, P, S, W>,
  check: (bench: SourceBench<V, T, P, S, W>) => Promise<void>,
): Promise<void> {
  return withSystem(options, async (system) => {
    const bench = new SourceBench(options, system)
    try {
      await check(bench)
    } finally {
      await bench.close()
    }
  })
}

/** Reads one open partition, as the loop of a worker does. */
export class PartitionReader<V, T, S> {
  readonly partition: SourcePartition<V, T, S>
  readonly output = new RecordingOutput<V, T>()
  isFinished = false
  isClosed = false
  readonly #waitMs: number

  constructor(partition: SourcePartition<V, T, S>, waitMs: number) {
    this.partition = partition
    this.#waitMs = waitMs
  }

  get records(): readonly SourceRecord<V, T>[] {
    return this.output.records
  }

  /** Reads until `count` records are there in all, or the partition finishes. */
  async readTo(count: number, limit = LIMIT): Promise<void> {
    await this.#read(
      () => Math.min(limit, count - this.records.length),
      () => this.records.length >= count,
    )
  }

  /** Reads on until the partition finishes or, if it does not, until it has given `count` records and is idle. */
  async readToEnd(count: number, finishes: boolean, limit = LIMIT): Promise<void> {
    await this.#read(
      () => limit,
      (status) => !finishes && status === 'idle' && this.records.length >= count,
    )
    must(this.isFinished === finishes, `A partition ${finishes ? 'did not finish' : 'finished'}, but \`finishes\` is ${finishes}.`)
  }

  poll(limit = LIMIT): SourceStatus {
    const status = this.output.poll(this.partition, limit)
    this.isFinished = status === 'finished'
    return status
  }

  async ready(): Promise<void> {
    await within(this.#waitMs, `ready() after idle, with ${this.records.length} records read,`, this.partition.ready())
  }

  /** A copy of the snapshot, as a worker elsewhere receives it. */
  snapshot(): S {
    return copyOfState(this.partition.snapshot())
  }

  async close(): Promise<void> {
    this.isClosed = true
    await within(this.#waitMs, 'close()', this.partition.close())
    await turns(2)
    this.output.checkLent()
  }

  async #read(limit: () => number, isDone: (status: SourceStatus | undefined) => boolean): Promise<void> {
    let status: SourceStatus | undefined
    let emptyPolls = 0
    while (!this.isFinished && !isDone(status)) {
      if (status === 'idle') await this.ready()
      // The worker lets I/O proceed between two polls, or what the source waits for would never arrive.
      if (status !== undefined) await turns(1)
      const before = this.records.length
      status = this.poll(limit())
      emptyPolls = this.records.length === before ? emptyPolls + 1 : 0
      must(
        emptyPolls <= EMPTY_POLLS_MAX,
        `The last ${EMPTY_POLLS_MAX} polls gave no record (${before} were read before), and still the source says "${status}".`,
      )
    }
  }
}
