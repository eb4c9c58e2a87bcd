import { createHash } from 'node:crypto'
import { type ErrorContext, MalstromError, messageOf, type SinkPartition } from '@malstrom/core'
import { httpError } from '../server/http-error.ts'
import type { WebhookChance, WebhookPosition, WebhookSinkOptions } from './webhook-options.ts'
import { type Attempt, attempt } from './webhook-request.ts'
import type { WebhookTarget } from './webhook-target.ts'

const FIRST_PAUSE_MS = 100
const PAUSE_MS_MAX = 10_000
/** What a record takes beside its JSON, about. */
const RECORD_BYTES = 64

export interface WebhookPartitionOptions<V, K, T>
  extends Required<Pick<WebhookSinkOptions<V, K, T>, 'encode' | 'timeoutMs' | 'retryForMs' | 'onRejected' | 'bufferBytesMax'>> {
  readonly target: WebhookTarget
  readonly batch: WebhookSinkOptions<V, K, T>['batch'] | undefined
  readonly chance: WebhookChance
  /** Who sends: job, operator and lane. */
  readonly sender: readonly (string | number)[]
  readonly sequence: number
  readonly context: ErrorContext
}

interface Waiting<V> {
  readonly value: V
  readonly json: string
}

/** A lane: its requests go out one after the other. */
export class WebhookPartition<V, K, T> implements SinkPartition<V, K, T, WebhookPosition> {
  readonly #options: WebhookPartitionOptions<V, K, T>
  readonly #recordsMax: number
  readonly #closing = new AbortController()
  #waiting: Waiting<V>[] = []
  #bytes = 0
  /** The number of the first record that waits. */
  #sequence: number
  #working: Promise<void> | undefined
  /** Ends the wait for more records. */
  #hurry: () => void = () => {}
  #isFlushing = false
  #failure: unknown

  constructor(options: WebhookPartitionOptions<V, K, T>) {
    this.#options = options
    this.#recordsMax = options.batch?.recordsMax ?? 1
    this.#sequence = options.sequence
  }

  get saturated(): boolean {
    return this.#bytes >= this.#options.bufferBytesMax
  }

  write(value: V, key: K, timestamp: T): void {
    if (this.#failure !== undefined) throw this.#failure
    const json = this.#jsonOf(value, key, timestamp)
    this.#waiting.push({ value, json })
    this.#bytes += json.length + RECORD_BYTES
    if (this.#waiting.length >= this.#recordsMax) this.#hurry()
    this.#working ??= this.#work()
  }

  async flush(): Promise<void> {
    this.#isFlushing = true
    this.#hurry()
    await this.#working
    this.#isFlushing = false
    if (this.#failure !== undefined) throw this.#failure
  }

  snapshot(): WebhookPosition {
    return { sequence: this.#sequence }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#hurry()
    await this.#working
  }

  #jsonOf(value: V, key: K, timestamp: T): string {
    const { encode, context } = this.#options
    const json = JSON.stringify(encode(value, key, timestamp)) as string | undefined
    if (json !== undefined) return json
    throw new MalstromError('ERR_RECORD_INVALID', 'A record has no JSON: encode gave undefined or a function. Let it return a value.', {
      context,
    })
  }

  /** Never rejects: a failure is kept for the next `write` or `flush`. */
  async #work(): Promise<void> {
    try {
      while (this.#waiting.length > 0 && !this.#closing.signal.aborted) {
        await this.#gather()
        if (this.#closing.signal.aborted) break
        const records = this.#waiting.slice(0, this.#recordsMax)
        await this.#send(records)
        this.#waiting = this.#waiting.slice(records.length)
        this.#sequence += records.length
        for (const { json } of records) this.#bytes -= json.length + RECORD_BYTES
      }
    } catch (thrown) {
      if (!this.#closing.signal.aborted) this.#failure ??= thrown
    }
    this.#working = undefined
  }

  /** Waits for a full batch, for as long as one may wait. */
  #gather(): Promise<void> | void {
    const delayMs = this.#options.batch?.delayMs ?? 0
    if (delayMs === 0 || this.#isFlushing || this.#waiting.length >= this.#recordsMax) return
    return this.#pause(delayMs)
  }

  async #send(records: readonly Waiting<V>[]): Promise<void> {
    const { target, batch, timeoutMs, retryForMs, chance, context } = this.#options
    const body = batch === undefined ? (records[0] as Waiting<V>).json : `[${records.map(({ json }) => json).join(',')}]`
    const key = this.#idempotencyKey(body)
    const deadlineMs = chance.clockMs() + retryForMs
    for (let tried = 0; ; tried++) {
      const answer = await attempt(target, body, key, timeoutMs, chance.clockMs(), this.#closing.signal)
      if (answer.outcome === 'done') return
      if (answer.outcome === 'rejected') return this.#rejected(answer.status, records)
      const pauseMs = pauseAfter(answer, tried, chance.random())
      if (chance.clockMs() + pauseMs > deadlineMs) {
        const advice = 'Look after the receiver, or raise retryForMs; the job goes on from its last snapshot.'
        throw httpError(`${target.name} takes no request for ${retryForMs} ms: ${answer.reason}. ${advice}`, context, 'unknown')
      }
      await this.#wait(pauseMs)
    }
  }

  #rejected(status: number, records: readonly Waiting<V>[]): void {
    const { onRejected, target, context } = this.#options
    if (onRejected === 'skip') return
    if (onRejected === 'fail') {
      const advice = 'Correct the url, the headers or encode, or set onRejected to go on without such records.'
      throw httpError(`${target.name} rejects a request: it answers ${status}. ${advice}`, context, 'failed')
    }
    try {
      onRejected({ status, values: records.map(({ value }) => value) })
    } catch (thrown) {
      throw httpError(`onRejected failed: ${messageOf(thrown)}. Let it take every rejection.`, context, 'failed', thrown)
    }
  }

  /** The body is part of it: if records come in another order after a restart, none is taken for another one. */
  #idempotencyKey(body: string): string {
    const parts = [...this.#options.sender, this.#sequence, body]
    return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)
  }

  /** Until more records are there, or it hurries. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#hurry(), ms)
      this.#hurry = () => {
        clearTimeout(timer)
        this.#hurry = () => {}
        resolve()
      }
    })
  }

  /** Between two attempts: only closing ends it early. */
  #wait(ms: number): Promise<void> {
    const { signal } = this.#closing
    signal.throwIfAborted()
    return new Promise((resolve, reject) => {
      const abort = () => {
        clearTimeout(timer)
        reject(signal.reason)
      }
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', abort)
        resolve()
      }, ms)
      signal.addEventListener('abort', abort, { once: true })
    })
  }
}

/** What the receiver asks for; else twice as long as before, and half of that at random, so that senders do not come all at once. */
function pauseAfter({ afterMs }: Extract<Attempt, { outcome: 'again' }>, tried: number, random: number): number {
  if (afterMs !== undefined) return Math.max(afterMs, FIRST_PAUSE_MS)
  const pauseMs = Math.min(PAUSE_MS_MAX, FIRST_PAUSE_MS * 2 ** Math.min(tried, 10))
  return pauseMs * (0.5 + random / 2)
}
