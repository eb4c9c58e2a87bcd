import { type ErrorContext, MalstromError, messageOf, type SourceOutput, type SourcePartition, type SourceStatus } from '@malstrom/core'
import { NotYet } from '../decode/record-decoder.ts'
import type { FetchedRecords } from '../record-batch/fetched-records.ts'
import type { KafkaRecord } from '../record-batch/kafka-record.ts'
import type { SourceSettings } from './check-source-options.ts'
import type { KafkaPosition } from './kafka-source-options.ts'
import type { PartitionBuffer, PartitionMove } from './partition-buffer.ts'

/** The most records one poll emits, however high its limit: the bound of the arrays it reuses. */
const POLL_RECORDS_MAX = 4096

export interface TopicPartitionReaderOptions<V> {
  readonly settings: SourceSettings<V>
  readonly buffer: PartitionBuffer
  readonly position: KafkaPosition
  readonly context: ErrorContext
  /** A snapshot with this position is durable. */
  readonly committed: (offset: number) => void
  readonly close: () => Promise<void>
}

/** Decodes what was fetched of one partition. */
export class TopicPartitionReader<V> implements SourcePartition<V, number, KafkaPosition> {
  readonly #options: TopicPartitionReaderOptions<V>
  readonly #buffer: PartitionBuffer
  readonly #values: V[] = []
  readonly #timestamps = new Float64Array(POLL_RECORDS_MAX)
  #position: number
  #end: number | undefined
  #snapshotPosition: number | undefined
  #records: FetchedRecords | undefined
  #count = 0
  /** A record whose decoder waits. */
  #held: KafkaRecord | undefined
  #until: Promise<unknown> | undefined
  /** Thrown by the next poll: the records before it are emitted first. */
  #failure: unknown
  #closed: Promise<void> | undefined
  #wakeClosed: () => void = () => {}

  constructor(options: TopicPartitionReaderOptions<V>) {
    this.#options = options
    this.#buffer = options.buffer
    this.#position = options.position.offset
    this.#end = options.position.end
  }

  poll(output: SourceOutput<V, number>, limit: number): SourceStatus {
    if (this.#failure !== undefined) throw this.#failure
    this.#count = 0
    const status = this.#fill(Math.min(limit, POLL_RECORDS_MAX))
    if (this.#count > 0) output.emitAll(this.#values, 0, this.#count, this.#timestamps)
    else if (this.#failure !== undefined) throw this.#failure
    return status
  }

  async ready(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#until === undefined) return this.#buffer.ready()
    const closed = new Promise<void>((resolve) => {
      this.#wakeClosed = resolve
    })
    await Promise.race([this.#until, closed])
    this.#until = undefined
  }

  snapshot(): KafkaPosition {
    this.#snapshotPosition = this.#position
    const end = this.#end
    return end === undefined ? { offset: this.#position } : { offset: this.#position, end }
  }

  committed(): void {
    if (this.#snapshotPosition !== undefined) this.#options.committed(this.#snapshotPosition)
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#buffer.close()
    this.#wakeClosed()
    await this.#options.close()
  }

  #fill(wanted: number): SourceStatus {
    if (this.#isAtEnd(this.#position)) return 'finished'
    if (this.#held !== undefined) {
      const held = this.#held
      this.#held = undefined
      if (!this.#decode(held, held.timestamp)) return 'idle'
    }
    while (this.#count < wanted) {
      if (this.#records === undefined) {
        const next = this.#buffer.take()
        if (next === undefined) {
          this.#failure = this.#buffer.failure
          return 'idle'
        }
        if ('offset' in next) {
          this.#move(next)
          if (this.#isAtEnd(this.#position)) return 'finished'
          continue
        }
        this.#records = next
      }
      const status = this.#read(this.#records, wanted)
      if (status !== 'more') return status
    }
    return 'more'
  }

  #move({ offset, end }: PartitionMove): void {
    this.#position = offset
    // A topic that was made anew may never get as far as the old one was.
    if (this.#end !== undefined) this.#end = Math.min(this.#end, end)
  }

  #isAtEnd(offset: number): boolean {
    return this.#end !== undefined && offset >= this.#end
  }

  /** Reads until there are `wanted` records, or `records` has no more and is let go. */
  #read(records: FetchedRecords, wanted: number): SourceStatus {
    try {
      while (this.#count < wanted) {
        if (!records.next()) {
          this.#records = undefined
          this.#position = records.position
          return this.#isAtEnd(this.#position) ? 'finished' : 'more'
        }
        const record = records.record()
        if (this.#isAtEnd(record.offset)) {
          this.#position = this.#end as number
          return 'finished'
        }
        if (!this.#decode(record, records.timestamp)) return 'idle'
      }
    } catch (thrown) {
      this.#failure = thrown
      return 'idle'
    }
    return 'more'
  }

  /** Adds the value of a record, or leaves it out. False if reading cannot go on: the position stays before the record. */
  #decode(record: KafkaRecord, timestamp: number): boolean {
    this.#position = record.offset
    try {
      this.#values[this.#count] = this.#options.settings.decode(record)
      this.#timestamps[this.#count] = timestamp
      this.#count++
    } catch (thrown) {
      if (thrown instanceof NotYet) {
        this.#held = record
        this.#until = thrown.until.catch(() => undefined)
        return false
      }
      if (!this.#leaveOut(record, thrown)) return false
    }
    this.#position = record.offset + 1
    return true
  }

  #leaveOut(record: KafkaRecord, thrown: unknown): boolean {
    const { settings, context } = this.#options
    const { onUndecodable } = settings
    if (onUndecodable === 'skip') return true
    if (typeof onUndecodable === 'function') {
      try {
        onUndecodable(record, thrown)
        return true
      } catch (failure) {
        this.#failure = failure
        return false
      }
    }
    const message = `${record.topic}/${record.partition}, offset ${record.offset}: ${messageOf(thrown)}`
    this.#failure = new MalstromError('ERR_RECORD_INVALID', message, {
      cause: thrown,
      context: { ...context, timestamp: record.timestamp },
    })
    return false
  }
}
