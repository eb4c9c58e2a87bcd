import { MalstromError, messageOf, type OperatorContext, type RestoreShare, type TimestampAlgebra } from '@malstrom/core'
import type { RecordPolicy } from '../error-policy/record-policy.ts'
import { leastOf } from '../time/least-of.ts'
import type { AsyncCall, AsyncSettings } from './async-options.ts'

const BACK_OFF_MS_MAX = 3_600_000

export type AsyncFunction = (value: unknown, key: unknown, timestamp: unknown, call: AsyncCall) => PromiseLike<unknown>

type State = 'queued' | 'running' | 'resting' | 'done' | 'failed'

/** A record, until what its call has come to has left. */
export class PendingCall {
  readonly value: unknown
  readonly key: unknown
  readonly timestamp: unknown
  state: State = 'queued'
  /** Calls made so far. */
  attempt = 0
  /** When it is to be called again, or has taken too long. */
  dueAt = Number.POSITIVE_INFINITY
  /** Of the call that is under way. */
  controller: AbortController | undefined
  /** What the last call came to: a result, or for one that has failed why; where it leaves as a dead letter, that. */
  result: unknown
  /** The latest epoch that has come between this record and the next one. */
  epoch: unknown
  previous: PendingCall | undefined
  next: PendingCall | undefined

  constructor(value: unknown, key: unknown, timestamp: unknown) {
    this.value = value
    this.key = key
    this.timestamp = timestamp
  }

  get hasFailed(): boolean {
    return this.state === 'failed'
  }
}

/** What a snapshot holds of one worker: the records whose results have not left, and its epochs. */
export interface SavedCalls {
  readonly records: readonly (readonly [value: unknown, key: unknown, timestamp: unknown])[]
  readonly received: unknown
  readonly sent: unknown
}

export interface PendingCallsOptions {
  readonly f: AsyncFunction
  readonly settings: AsyncSettings
  readonly policy: RecordPolicy
  readonly context: OperatorContext
  readonly keyed: boolean
  readonly time: TimestampAlgebra<unknown>
}

/**
 * The calls of one `mapAsync` on one worker, in the order of their records. Laws: at most `capacity` of
 * them have been started; an epoch leaves when no record in front of it is left; each record leaves once.
 * What is queued beyond the capacity is bounded by what one frame leads to, because the task is held.
 */
export class PendingCalls {
  /** The epoch that follows what was taken last; `undefined` if none does. */
  epoch: unknown
  readonly #options: PendingCallsOptions
  #first: PendingCall | undefined
  #last: PendingCall | undefined
  /** The first that has not been started. */
  #queued: PendingCall | undefined
  #count = 0
  #started = 0
  /** Those that have come to a result, unless they leave in order. */
  readonly #ready: PendingCall[] = []
  #readyTaken = 0
  /** Nothing is due before. */
  #nextDueAt = Number.POSITIVE_INFINITY
  #received: unknown
  #sent: unknown
  #owed: unknown

  constructor(options: PendingCallsOptions) {
    this.#options = options
  }

  /** Records whose results have not left. */
  get count(): number {
    return this.#count
  }

  add(value: unknown, key: unknown, timestamp: unknown): void {
    this.#append(value, key, timestamp)
    this.#startQueued()
    if (this.#nextDueAt < Number.POSITIVE_INFINITY) this.#options.context.wakeAt(this.#nextDueAt)
  }

  /** Whether the epoch is to be passed on at once; otherwise it is kept behind the records in front of it. */
  receive(epoch: unknown): boolean {
    this.#received = epoch
    if (this.#last !== undefined) {
      this.#last.epoch = epoch
      return false
    }
    this.#sent = epoch
    return true
  }

  /** Those whose results have not left, in the order of their records. */
  *all(): IterableIterator<PendingCall> {
    for (let call = this.#first; call !== undefined; call = call.next) yield call
  }

  /** Sees to calls that are due, and starts what may be started. Called first when the operator is woken. */
  look(): void {
    const now = this.#options.context.now()
    if (now >= this.#nextDueAt) {
      this.#nextDueAt = Number.POSITIVE_INFINITY
      for (let call = this.#first; call !== this.#queued && call !== undefined; call = call.next) {
        if (now < call.dueAt) this.#due(call.dueAt)
        else if (call.state === 'running') this.#timeOut(call)
        else if (call.state === 'resting') this.#start(call)
      }
    }
    this.#startQueued()
  }

  /**
   * The next record that leaves, with `result` and, here, the `epoch` that follows it. Throws if its calls have failed, unless the
   * policy says otherwise: then `hasFailed`, and `result` is its dead letter, if there is to be one.
   */
  take(): PendingCall | undefined {
    this.epoch = undefined
    const call = this.#options.settings.ordered ? this.#firstIfDone() : this.#ready[this.#readyTaken++]
    if (call === undefined) {
      this.#rest()
      return undefined
    }
    if (call.state === 'failed') this.#giveUp(call)
    this.#remove(call)
    this.#startQueued()
    return call
  }

  snapshot(): SavedCalls {
    const records: [unknown, unknown, unknown][] = []
    for (let call = this.#first; call !== undefined; call = call.next) records.push([call.value, call.key, call.timestamp])
    return { records, received: this.#received, sent: this.#sent }
  }

  /** The records of this worker are called again, when it is woken for the first time. */
  restore(saved: readonly SavedCalls[], share: RestoreShare): void {
    const { context, keyed, time } = this.#options
    saved.forEach(({ records }, index) => {
      for (const [value, key, timestamp] of records) {
        if (keyed ? share.ownsKey(key, index) : share.ownsSaved(index)) this.#append(value, key, timestamp)
      }
    })
    const least = (epochs: readonly unknown[]) => leastOf(time, epochs)
    this.#received = share.inputEnded ? time.max : least(saved.map(({ received }) => received))
    this.#sent = least(saved.map(({ sent }) => sent))
    context.wake()
    const [received, sent] = [this.#received, this.#sent]
    if (received === undefined || (sent !== undefined && time.compare(received, sent) <= 0)) return
    if (this.#last !== undefined) this.#last.epoch = received
    else {
      this.#sent = received
      this.#owed = received
    }
  }

  /** An epoch that was kept on another worker behind its records, where this one has none. */
  takeOwed(): unknown {
    const owed = this.#owed
    this.#owed = undefined
    return owed
  }

  /** The worker ends. */
  close(): void {
    for (let call = this.#first; call !== undefined; call = call.next) call.controller?.abort()
  }

  #append(value: unknown, key: unknown, timestamp: unknown): void {
    const call = new PendingCall(value, key, timestamp)
    const last = this.#last
    call.previous = last
    if (last === undefined) this.#first = call
    else last.next = call
    this.#last = call
    this.#queued ??= call
    if (++this.#count >= this.#options.settings.capacity) this.#options.context.hold()
  }

  #startQueued(): void {
    const { capacity } = this.#options.settings
    while (this.#queued !== undefined && this.#started < capacity) {
      const call = this.#queued
      this.#queued = call.next
      this.#started++
      this.#start(call)
    }
  }

  #start(call: PendingCall): void {
    const { f, settings, context, policy } = this.#options
    const controller = new AbortController()
    call.controller = controller
    call.state = 'running'
    call.attempt++
    call.dueAt = context.now() + settings.timeoutMs
    this.#due(call.dueAt)
    const settle = (failed: boolean, result: unknown) => {
      // It was given up, or called again.
      if (call.controller !== controller || call.state !== 'running') return
      if (failed) this.#failed(call, result)
      else this.#settled(call, 'done', result)
    }
    let promise: PromiseLike<unknown>
    try {
      promise = f(call.value, call.key, call.timestamp, { signal: controller.signal, attempt: call.attempt })
    } catch (error) {
      settle(true, error)
      return
    }
    if (typeof promise?.then !== 'function') {
      const error = noPromise(promise, call)
      // It would return none the next time.
      if (!policy.guards) throw error
      this.#settled(call, 'failed', error)
      return
    }
    promise.then(
      (result) => settle(false, result),
      (error) => settle(true, error),
    )
  }

  #timeOut(call: PendingCall): void {
    const error = new Error(`the call has not returned within ${this.#options.settings.timeoutMs} ms.`)
    error.name = 'TimeoutError'
    const { controller } = call
    this.#failed(call, error)
    controller?.abort(error)
  }

  #failed(call: PendingCall, error: unknown): void {
    const { settings, context } = this.#options
    const { attempts, backOffMs, factor } = settings
    if (call.attempt >= attempts || !this.#mayRetry(call, error)) {
      this.#settled(call, 'failed', error)
      return
    }
    call.controller = undefined
    call.state = 'resting'
    call.dueAt = context.now() + Math.min(backOffMs * factor ** (call.attempt - 1), BACK_OFF_MS_MAX)
    this.#due(call.dueAt)
    context.wakeAt(call.dueAt)
  }

  #mayRetry(call: PendingCall, error: unknown): boolean {
    try {
      return this.#options.settings.retryIf(error, call.attempt)
    } catch (thrown) {
      this.#settled(call, 'failed', thrown)
      return false
    }
  }

  #settled(call: PendingCall, state: 'done' | 'failed', result: unknown): void {
    if (call.state === 'failed') return
    call.state = state
    call.result = result
    call.controller = undefined
    call.dueAt = Number.POSITIVE_INFINITY
    if (!this.#options.settings.ordered) this.#ready.push(call)
    this.#options.context.wake()
  }

  #due(at: number): void {
    if (at < this.#nextDueAt) this.#nextDueAt = at
  }

  #firstIfDone(): PendingCall | undefined {
    const call = this.#first
    return call?.state === 'done' || call?.state === 'failed' ? call : undefined
  }

  #remove(call: PendingCall): void {
    const { previous, next, epoch } = call
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    this.#count--
    this.#started--
    if (epoch === undefined) return
    // What it promises includes the records in front of it.
    if (previous !== undefined) previous.epoch = epoch
    else {
      this.epoch = epoch
      this.#sent = epoch
    }
  }

  /** Everything that was ready has left. */
  #rest(): void {
    const { context, settings } = this.#options
    this.#ready.length = 0
    this.#readyTaken = 0
    if (this.#count === 0) this.#nextDueAt = Number.POSITIVE_INFINITY
    if (this.#count < settings.capacity) context.release()
    if (this.#nextDueAt < Number.POSITIVE_INFINITY) context.wakeAt(this.#nextDueAt)
  }

  #giveUp(call: PendingCall): void {
    const { policy } = this.#options
    if (!policy.guards) throw this.#failure(call)
    if (policy.onError === 'deadLetter') call.result = policy.letter(call.result, call.value, call.key, call.timestamp)
  }

  #failure({ result, attempt, key, timestamp }: PendingCall): MalstromError {
    const times = attempt === 1 ? '' : ` It was called ${attempt} times.`
    return new MalstromError('ERR_OPERATOR_FAILED', `${messageOf(result)}${times}`, { cause: result, context: { key, timestamp } })
  }
}

function noPromise(returned: unknown, { key, timestamp }: PendingCall): MalstromError {
  const what = returned === null ? 'null' : typeof returned
  return new MalstromError('ERR_OPERATOR_FAILED', `the function returned ${what} and no promise. Make it async, or use map.`, {
    context: { key, timestamp },
  })
}
