import { MalstromError, messageOf, type SnapshotVersion } from '@malstrom/core'
import { isRetriable, kafkaError } from '../client/kafka-error.ts'
import type { KafkaPort, TransactionLane, WriteAnswer } from '../client/kafka-port.ts'
import type { LaneState, StagedBatch, StagedInterval } from './lane-state.ts'
import { MARKER_PARTITION, type Marker, markerBatch, readMarker } from './marker.ts'

/** Writes of one transaction that wait for their answers, at most; what is streamed is bounded by the port. */
const WRITES_MAX = 16
/** How often somebody else may take over the transactional id within one commit. */
const FENCED_MAX = 5
const FIRST_PAUSE_MS = 20
const PAUSE_MS_MAX = 1_000
/** After so many commits a snapshot learns anew from which offset a restart must look for its marker. */
const COMMITS_PER_OFFSET = 256

export interface LaneOptions {
  readonly port: KafkaPort
  readonly topic: string
  /** Where markers are, one partition, compacted. */
  readonly commitTopic: string
  /** The key of the markers of this lane. */
  readonly lane: string
  readonly transactionalId: string
  readonly transactionTimeoutMs: number
  /** Write while the interval lasts, not only when it is committed. */
  readonly eager: boolean
  /** Accept, once, that the output in Kafka ends with something that the saved state does not know. */
  readonly adopt: boolean
  /** How long a commit tries, in milliseconds. */
  readonly retryForMs: number
  readonly environment: LaneEnvironment
  readonly saved: LaneState | undefined
}

/** Time and chance, so that tests can play both. */
export interface LaneEnvironment {
  /** Milliseconds since 1970. */
  nowMs(): number
  /** Milliseconds of a clock that never jumps. */
  clockMs(): number
  wait(ms: number): Promise<void>
  /** 128 random bits as text. */
  newToken(): string
}

/**
 * Output that appears in Kafka exactly once, whatever is killed when. It is staged in the snapshot, and
 * the commit writes it in one transaction together with a marker, the random token of the interval:
 *
 *     snapshot(N)   state = { written: token of N-1, pending: [{ token of N, batches }] }
 *     commit(N)  1. fence: InitProducerId under a transactional id that all owners of the lane have in common,
 *                   ever. Who wrote before is refused from now on, and what it had open has ended.
 *                2. read the last committed marker of the lane.
 *                3. token of N: it is written, done. Token of N-1: write all batches and the marker, EndTxn.
 *                   Anything else: the output does not belong to this state; fail.
 *                4. any doubt, such as no answer: again from 1.
 *
 * Steps 1 and 2 are done ahead, after the commit before, so that a commit is the writes and EndTxn only.
 * That is right as long as the fence was over before `snapshot(N)` was taken: whoever writes N in our
 * stead has restored N, and fences after that, so one of our writes would be refused. With `eager` the
 * batches go into the transaction as they come. Recovery is the same, and needs no transaction to survive.
 */
export class StagedLane {
  readonly #options: LaneOptions
  readonly #transaction: TransactionLane
  #written: string | undefined
  #markerOffset: number
  #pending: StagedInterval[]
  #current: StagedBatch[] = []
  #currentBytes = 0
  /** Bytes of intervals whose snapshots were abandoned: they are written with the next one, and saved with it. */
  #abandonedBytes = 0
  /** Steps 1 and 2 are done for the current interval. */
  #isReady = false
  /** The interval whose snapshot was taken while `#isReady`. */
  #live: StagedInterval | undefined
  /** The answers of the open transaction, in the order of its writes. */
  #writes: Promise<WriteAnswer<'ok' | 'fenced' | 'unknown'>>[] = []
  #streamedCount = 0
  #failure: unknown
  #adopts: boolean
  /** The commit that runs or ran last, by the last interval that it writes. */
  #committing: { readonly last: StagedInterval; readonly done: Promise<void> } | undefined
  #nextMarkerOffset: number | undefined
  #commitsToOffset = 0
  /** Commits and what is done ahead of them, one after the other. */
  #turn: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor(options: LaneOptions) {
    const { port, transactionalId, transactionTimeoutMs, saved, adopt } = options
    this.#options = options
    this.#transaction = port.lane(transactionalId, transactionTimeoutMs)
    this.#written = saved?.written
    this.#markerOffset = saved?.markerOffset ?? 0
    this.#pending = [...(saved?.pending ?? [])]
    this.#adopts = adopt
    if (this.#pending.length === 0) this.#takeTurn(() => this.#prepare('first')).catch(() => {}) // `check` tells.
  }

  /** Bytes of output that no commit has taken yet. */
  get stagedBytes(): number {
    return this.#currentBytes + this.#abandonedBytes
  }

  /** Throws what has gone wrong for good since the last call. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  stage(batch: StagedBatch): void {
    this.#current.push(batch)
    this.#currentBytes += batch.bytes.length
    if (this.#options.eager && this.#isReady) this.#stream()
  }

  snapshot(version: SnapshotVersion): LaneState {
    if (this.#current.length > 0) {
      const interval = { version, token: this.#options.environment.newToken(), batches: this.#current }
      this.#pending.push(interval)
      this.#live = this.#isReady && this.#pending.length === 1 ? interval : undefined
      this.#isReady = false
      this.#current = []
      this.#currentBytes = 0
    }
    return { written: this.#written, markerOffset: this.#markerOffset, pending: [...this.#pending] }
  }

  /** The snapshot that was taken last is abandoned. Its interval stays pending: the next snapshot names it, and the commit of that one writes it. */
  abandon(): void {
    const batches = this.#pending.flatMap((interval) => interval.batches)
    this.#abandonedBytes = batches.reduce((sum, { bytes }) => sum + bytes.length, 0)
  }

  /** Writes what was staged up to `version`, unless it is in Kafka. A call for what is under way, or failed, gives the same answer. */
  async commit(version: SnapshotVersion): Promise<void> {
    const due = this.#pending.filter((interval) => interval.version <= version)
    const last = due.at(-1)
    if (last === undefined) return
    if (this.#committing?.last !== last) this.#committing = { last, done: this.#takeTurn(() => this.#commit(due, last)) }
    await this.#committing.done
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#turn
    // Readers of the topic need not wait for the time-out of what was streamed.
    if (this.#writes.length > 0) await this.#abort()
  }

  async #commit(due: readonly StagedInterval[], last: StagedInterval): Promise<void> {
    if (this.#isClosed) throw this.#closedError()
    const isWritten = due.length === 1 && this.#live === last && (await this.#write(due, this.#streamedCount)).outcome === 'ok'
    if (!isWritten) await this.#writeAfterFence(due)
    else this.#markerOffset = this.#nextMarkerOffset ?? this.#markerOffset
    this.#nextMarkerOffset = undefined
    this.#written = last.token
    this.#pending = this.#pending.filter((interval) => !due.includes(interval))
    this.#abandonedBytes = 0
    this.#takeTurn(() => this.#prepare('next')).catch(() => {}) // `check` tells.
  }

  /** Steps 1 and 2, ahead of the commit. Whatever is in the way, the commit does them itself. */
  async #prepare(which: 'first' | 'next'): Promise<void> {
    const { port, commitTopic, eager } = this.#options
    if (this.#isClosed || this.#pending.length > 0) return
    try {
      await this.#fence()
      if (which === 'first') {
        const marker = await this.#readMarker()
        // What a snapshot holds by now, somebody who restored it may have written; the commit will see.
        if (this.#pending.length === 0) this.#restAfter(marker, [])
      } else if (this.#commitsToOffset-- <= 0) {
        this.#nextMarkerOffset = (await port.offsets(commitTopic, [MARKER_PARTITION], 'latest')).get(MARKER_PARTITION)
        this.#commitsToOffset = COMMITS_PER_OFFSET
      }
    } catch (thrown) {
      if (!isRetriable(thrown)) this.#failure ??= thrown
      return
    }
    // A snapshot that was taken meanwhile knows nothing of this fence.
    if (this.#isClosed || this.#pending.length > 0) return
    this.#isReady = true
    if (eager) this.#stream()
  }

  async #writeAfterFence(due: readonly StagedInterval[]): Promise<void> {
    const { environment, retryForMs, topic } = this.#options
    const deadlineMs = environment.clockMs() + retryForMs
    let fencedCount = 0
    for (let attempt = 0; !this.#isClosed; attempt++) {
      let reason: string
      let cause: unknown
      try {
        await this.#fence()
        const rest = this.#restAfter(await this.#readMarker(), due)
        const answer = rest.length === 0 ? undefined : await this.#write(rest, 0)
        if (answer === undefined || answer.outcome === 'ok') return
        reason = answer.reason ?? answer.outcome
        if (answer.outcome === 'fenced' && ++fencedCount === FENCED_MAX) throw this.#fencedError()
      } catch (thrown) {
        if (!isRetriable(thrown)) throw thrown
        reason = messageOf(thrown)
        cause = thrown
      }
      if (environment.clockMs() >= deadlineMs) {
        const message = `Kafka: output could not be committed to "${topic}" within ${retryForMs} ms: ${reason} Nothing is lost: the snapshot has it.`
        throw kafkaError(message, { topic, reason, retriable: true }, cause, 'unknown')
      }
      await environment.wait(Math.min(PAUSE_MS_MAX, FIRST_PAUSE_MS * 2 ** Math.min(attempt, 10)))
    }
    throw this.#closedError()
  }

  async #fence(): Promise<void> {
    this.#isReady = false
    this.#live = undefined
    this.#writes = []
    this.#streamedCount = 0
    await this.#transaction.fence()
  }

  async #readMarker(): Promise<Marker | undefined> {
    const { port, commitTopic, lane } = this.#options
    const marker = await readMarker(port, commitTopic, lane, this.#markerOffset)
    if (marker !== undefined) this.#markerOffset = marker.offset
    return marker
  }

  /** Which of `due` come after what is in Kafka. */
  #restAfter(marker: Marker | undefined, due: readonly StagedInterval[]): readonly StagedInterval[] {
    const token = marker?.token
    const known = due.findLastIndex((interval) => interval.token === token)
    if (known === -1 && token !== this.#written) {
      if (!this.#adopts) throw this.#unknownOutput(token)
      this.#written = token
    }
    this.#adopts = false
    return due.slice(known + 1)
  }

  /** One transaction: the batches of `intervals` from `from` on, the marker, EndTxn. */
  async #write(intervals: readonly StagedInterval[], from: number): Promise<WriteAnswer<'ok' | 'fenced' | 'unknown'>> {
    const { commitTopic, lane, environment } = this.#options
    const batches = intervals.flatMap((interval) => interval.batches)
    const writes = this.#writes
    for (let i = from; i < batches.length; i++) {
      const earlier = await writes[writes.length - WRITES_MAX]
      if (earlier !== undefined && earlier.outcome !== 'ok') break
      this.#send(batches[i] as StagedBatch)
    }
    const token = (intervals.at(-1) as StagedInterval).token
    const answers = await Promise.all(writes)
    const bad = answers.find(({ outcome }) => outcome !== 'ok')
    if (this.#failure !== undefined) await this.#abort()
    this.check()
    if (bad !== undefined) return bad
    const marked = await this.#transaction.write(commitTopic, MARKER_PARTITION, markerBatch(lane, token, environment.nowMs()))
    if (marked.outcome !== 'ok') return marked
    const ended = await this.#transaction.end(true)
    this.#writes = []
    return ended
  }

  #stream(): void {
    while (this.#streamedCount < this.#current.length) this.#send(this.#current[this.#streamedCount++] as StagedBatch)
  }

  #send({ partition, bytes, count }: StagedBatch): void {
    const writing = this.#transaction.write(this.#options.topic, partition, { bytes, count }).catch((thrown: unknown) => {
      if (!isRetriable(thrown)) this.#failure ??= thrown
      return { outcome: 'unknown', reason: messageOf(thrown) } as const
    })
    this.#writes.push(writing)
    void writing.then(({ outcome }) => {
      // The rest of the interval is staged only; taking the id back now would be a duel with another owner.
      if (outcome !== 'ok') this.#isReady = false
    })
  }

  async #abort(): Promise<void> {
    this.#writes = []
    await this.#transaction.end(false).catch(() => {}) // The broker's time-out does the same.
  }

  #takeTurn(action: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(action)
    this.#turn = done.catch(() => {}) // Told to the one who waits for `done`.
    return done
  }

  #closedError(): MalstromError {
    const { topic } = this.#options
    return kafkaError(`Kafka: the sink was closed before it committed to "${topic}".`, { topic, retriable: true }, undefined, 'unknown')
  }

  #fencedError(): MalstromError {
    const { topic, transactionalId } = this.#options
    return new MalstromError(
      'ERR_FENCED',
      `Another process writes to "${topic}" under the transactional id "${transactionalId}", and took it over ${FENCED_MAX} times. ` +
        'Stop the other run of this job, or give one of the two another name.',
    )
  }

  #unknownOutput(found: string | undefined): MalstromError {
    const { topic, lane, commitTopic } = this.#options
    const expected = this.#written === undefined ? 'no output of this job' : `the marker ${this.#written}`
    return new MalstromError(
      'ERR_KAFKA_OUTPUT_UNKNOWN',
      `The output in "${topic}" does not belong to the saved state: that expects ${expected} as the last of ${lane} in "${commitTopic}", ` +
        `and there is ${found === undefined ? 'none' : found}. The job was started without its state or from an older snapshot, or "${commitTopic}" ` +
        "was emptied. Start it from the right state, or set onUnknownOutput: 'adopt' for one start to write on after what is there.",
    )
  }
}
