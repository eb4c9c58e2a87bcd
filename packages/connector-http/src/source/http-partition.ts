import {
  type ErrorContext,
  MalstromError,
  messageOf,
  type SourceOutput,
  type SourcePartition,
  type SourceStatus,
  WakeUp,
} from '@malstrom/core'
import { KeyWindow } from '../log/key-window.ts'
import { RecordLog } from '../log/record-log.ts'
import type { LogEntry } from '../log/segment-format.ts'
import { HttpServer } from '../server/http-server.ts'
import type { HttpPosition, HttpSourceSettings } from './http-source-options.ts'
import { RecordQueue } from './record-queue.ts'
import { type Accepted, RequestIntake } from './request-intake.ts'
import { Refusal } from './request-values.ts'

/** What an entry of the log takes in memory, at least. */
const REPLAYED_BYTES = 64

/** The port is bound first: whoever has it is the only one that writes the log. */
export async function openHttpPartition<V>(
  settings: HttpSourceSettings<V>,
  position: number | undefined,
  context: ErrorContext,
): Promise<HttpPartition<V>> {
  const partition = new HttpPartition<V>(settings, position ?? 0, context)
  try {
    await partition.open(position)
  } catch (thrown) {
    await partition.close()
    throw thrown
  }
  return partition
}

/** Requests go through the log, if there is one, into the queue, and from there into the job. */
export class HttpPartition<V> implements SourcePartition<V, number, HttpPosition> {
  readonly #settings: HttpSourceSettings<V>
  readonly #context: ErrorContext
  readonly #queue = new RecordQueue<V>()
  readonly #intake: RequestIntake<V>
  readonly #wakeUp = new WakeUp()
  /** Requests whose records are on their way to the disk, by their idempotency key. */
  readonly #underWay = new Map<string, Promise<Accepted>>()
  #keys: KeyWindow
  #server: HttpServer | undefined
  #log: RecordLog | undefined
  /** What the log held when it was opened and has not been read yet; no request is taken meanwhile. */
  #replay: AsyncGenerator<readonly LogEntry[], void> | undefined
  #isOpen = false
  #isClosed = false
  /** Records on their way to the disk. */
  #appending = 0
  #position: number
  #snapshotted = 0
  #failure: unknown

  constructor(settings: HttpSourceSettings<V>, position: number, context: ErrorContext) {
    this.#settings = settings
    this.#context = context
    this.#position = position
    this.#keys = new KeyWindow(settings.idempotencyKeysMax)
    this.#intake = new RequestIntake<V>(settings, {
      unready: () => this.#unready(),
      queuedBytes: () => this.#queue.bytes,
      repeated: (key) => this.#repeated(key),
      take: (values, timestamp, bytes, key) => this.#take(values, timestamp, bytes, key),
    })
  }

  async open(saved: number | undefined): Promise<void> {
    const { server, log, idempotencyKeysMax } = this.#settings
    this.#server = await HttpServer.listen(
      server,
      { request: (request, response) => this.#intake.handle(request, response) },
      this.#context,
    )
    if (log !== undefined) {
      const failed = (error: MalstromError) => this.#fail(error)
      this.#log = await RecordLog.open({ ...log, keysMax: idempotencyKeysMax, context: this.#context, failed })
      this.#keys = this.#log.keys
      this.#checkLog(this.#log, saved)
      this.#position = saved ?? this.#log.first
      if (this.#position < this.#log.next) this.#replay = this.#log.read(this.#position)
    }
    this.#isOpen = this.#replay === undefined
  }

  poll(output: SourceOutput<V, number>, limit: number): SourceStatus {
    if (this.#failure !== undefined) throw this.#failure
    this.#position += this.#queue.emit(output, limit)
    return this.#queue.count > 0 ? 'more' : 'idle'
  }

  async ready(): Promise<void> {
    while (!this.#isClosed && this.#queue.count === 0) {
      if (this.#failure !== undefined) throw this.#failure
      if (this.#replay === undefined) await this.#wakeUp.wait()
      else await this.#replayMore(this.#replay).catch((thrown) => this.#fail(thrown))
    }
  }

  snapshot(): HttpPosition {
    this.#snapshotted = this.#position
    return { position: this.#position }
  }

  committed(): void {
    this.#log?.remove(this.#snapshotted)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#wakeUp.wake()
    this.#intake.close()
    await this.#log?.close()
    await this.#server?.close()
  }

  /** Why no request can be taken now. */
  #unready(): Refusal | undefined {
    if (this.#isClosed || this.#failure !== undefined) return new Refusal(503, 'the source is closing')
    if (!this.#isOpen) return new Refusal(429, 'records of an earlier run are read first')
    const { log, queuedRecordsMax, queuedBytesMax } = this.#settings
    if (log !== undefined && (this.#log?.bytes ?? 0) >= log.bytesMax) {
      return new Refusal(429, 'the log is full until the next snapshot')
    }
    const isFull = this.#queue.count + this.#appending >= queuedRecordsMax || this.#queue.bytes >= queuedBytesMax
    return isFull ? new Refusal(429, 'the job cannot keep up') : undefined
  }

  #repeated(key: string): Promise<Accepted> | Accepted | undefined {
    const underWay = this.#underWay.get(key)
    if (underWay !== undefined) return underWay.then((accepted) => ({ ...accepted, repeated: true }))
    return this.#keys.has(key) ? { repeated: true } : undefined
  }

  #take(values: readonly V[], timestamp: number, bytes: number, key: string | undefined): Promise<Accepted> | Accepted {
    const { queuedRecordsMax } = this.#settings
    if (values.length > queuedRecordsMax) throw new Refusal(413, `a request may have ${queuedRecordsMax} records`)
    const unready = this.#unready()
    if (unready !== undefined) throw unready
    if (this.#queue.count + this.#appending + values.length > queuedRecordsMax) throw new Refusal(429, 'the job cannot keep up')
    const accepted: Accepted = { accepted: values.length }
    if (values.length === 0) return accepted
    if (this.#log === undefined) {
      if (key !== undefined) this.#keys.add(key)
      this.#enqueue(values, timestamp, bytes)
      return accepted
    }
    const appended = this.#append(this.#log, values, timestamp, bytes, key).then(() => accepted)
    if (key !== undefined) {
      this.#underWay.set(key, appended)
      const forget = () => this.#underWay.delete(key)
      appended.then(forget, forget)
    }
    return appended
  }

  #append(log: RecordLog, values: readonly V[], timestamp: number, bytes: number, key: string | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#appending += values.length
      this.#onFailure.add(reject)
      const durable = () => {
        this.#onFailure.delete(reject)
        this.#appending -= values.length
        this.#enqueue(values, timestamp, bytes)
        resolve()
      }
      try {
        log.append({ first: log.next, timestamp, key, values }, durable)
      } catch (thrown) {
        this.#onFailure.delete(reject)
        this.#appending -= values.length
        this.#fail(this.#notEncodable(thrown))
        reject(new Refusal(503, 'the source failed'))
      }
    })
  }

  /** Who waits for the disk, should it fail. */
  readonly #onFailure = new Set<(reason: unknown) => void>()

  #enqueue(values: readonly V[], timestamp: number, bytes: number): void {
    this.#queue.push(values, 0, timestamp, bytes)
    this.#wakeUp.wake()
  }

  async #replayMore(replay: AsyncGenerator<readonly LogEntry[], void>): Promise<void> {
    const { value: entries } = await replay.next()
    if (entries === undefined) {
      this.#replay = undefined
      this.#isOpen = true
      return
    }
    for (const { first, timestamp, values } of entries) {
      const from = Math.max(0, this.#position + this.#queue.count - first)
      this.#queue.push(values as readonly V[], from, timestamp, values.length * REPLAYED_BYTES)
    }
  }

  #checkLog(log: RecordLog, saved: number | undefined): void {
    if (saved === undefined || saved <= log.next) return
    const problem = `the saved state is at record ${saved}, and the log of ${this.#settings.server.owner} ends at ${log.next}`
    const advice = 'Bring back the folder of the log, or start without the saved state.'
    throw new MalstromError('ERR_DATA_CORRUPT', `Records are missing: ${problem}. ${advice}`, { context: this.#context })
  }

  #notEncodable(thrown: unknown): MalstromError {
    const message = `What decode made of a request cannot be written to the log: ${messageOf(thrown)}. Let it return plain data, without functions.`
    return new MalstromError('ERR_VALUE_NOT_ENCODABLE', message, { context: this.#context, cause: thrown })
  }

  #fail(thrown: unknown): void {
    this.#failure ??= thrown
    for (const reject of this.#onFailure) reject(new Refusal(503, 'the source failed'))
    this.#onFailure.clear()
    this.#wakeUp.wake()
  }
}
