import type { PartitionContext, Sink, SinkPartition } from '@malstrom/core'

/** A record as it came to a partition of a sink. */
export interface WrittenRecord {
  readonly partition: string
  readonly value: unknown
  readonly key: unknown
  readonly timestamp: unknown
}

export interface ScriptedSinkOptions {
  readonly partitionOf?: (value: unknown, key: unknown, timestamp: unknown) => string
  /** Records that a partition takes before it is saturated. @default any number */
  readonly capacity?: number
  /** Partitions open, and buffers are written out, only when the test says so. @default false */
  readonly held?: boolean
  /** Partitions keep what they have staged for a snapshot that is abandoned. @default false */
  readonly keepsStaged?: boolean
}

/** A sink whose openings and flushes a test holds up, fails or lets go, and that notes everything that happens to it. */
export class ScriptedSink implements Sink<unknown, unknown, unknown, string, undefined> {
  /** `open a`, `write a 1`, `flush a`, `commit a 1`, `abandon a 1`, `close a`, ... in the order in which it happened. */
  readonly log: string[] = []
  readonly contexts: PartitionContext[] = []
  readonly records: WrittenRecord[] = []
  held: boolean
  /** Set to make every flush from now on fail. */
  flushError: unknown
  readonly #options: ScriptedSinkOptions
  readonly #waiting: (() => void)[] = []

  constructor(options: ScriptedSinkOptions = {}) {
    this.#options = options
    this.held = options.held ?? false
  }

  /** What was written, in order. */
  get written(): string[] {
    return this.log.filter((entry) => entry.startsWith('write ')).map((entry) => entry.slice('write '.length))
  }

  count(prefix: string): number {
    return this.log.filter((entry) => entry.startsWith(prefix)).length
  }

  /** Lets the openings and flushes go on that wait now. */
  release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** Lets everything go on, now and from now on. */
  letGo(): void {
    this.held = false
    this.release()
  }

  /** Settles when the test lets it. */
  async wait(): Promise<void> {
    if (this.held) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  partitionOf(value: unknown, key: unknown, timestamp: unknown): string {
    return this.#options.partitionOf?.(value, key, timestamp) ?? 'all'
  }

  async openPartition(partition: string, _state: undefined, context: PartitionContext): Promise<ScriptedSinkPartition> {
    this.contexts.push(context)
    this.log.push(`open ${partition}`)
    await this.wait()
    return new ScriptedSinkPartition(this, partition, this.#options)
  }
}

class ScriptedSinkPartition implements SinkPartition<unknown, unknown, unknown, undefined> {
  readonly #sink: ScriptedSink
  readonly #name: string
  readonly #capacity: number
  readonly abandon?: (version: number) => void
  #buffered = 0

  constructor(sink: ScriptedSink, name: string, { capacity = Number.POSITIVE_INFINITY, keepsStaged = false }: ScriptedSinkOptions) {
    this.#sink = sink
    this.#name = name
    this.#capacity = capacity
    if (keepsStaged) this.abandon = (version) => this.#sink.log.push(`abandon ${this.#name} ${version}`)
  }

  get saturated(): boolean {
    return this.#buffered >= this.#capacity
  }

  write(value: unknown, key: unknown, timestamp: unknown): void {
    this.#sink.records.push({ partition: this.#name, value, key, timestamp })
    this.#sink.log.push(`write ${this.#name} ${String(value)}`)
    this.#buffered++
  }

  async flush(): Promise<void> {
    this.#sink.log.push(`flush ${this.#name}`)
    await this.#sink.wait()
    if (this.#sink.flushError !== undefined) throw this.#sink.flushError
    this.#buffered = 0
  }

  snapshot(version: number): undefined {
    this.#sink.log.push(`snapshot ${this.#name} ${version}`)
  }

  async commit(version: number): Promise<void> {
    this.#sink.log.push(`commit ${this.#name} ${version}`)
  }

  close(): void {
    this.#sink.log.push(`close ${this.#name}`)
  }
}
