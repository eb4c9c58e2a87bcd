import { setTimeout as sleep } from 'node:timers/promises'
import { assert } from '@malstrom/core'
import { adviceOn, errorName, isCoordinatorMoved, isFenced, isLeaderMoved, isPassing } from './broker-error.ts'
import { isRetriable, kafkaError } from './kafka-error.ts'
import type { TransactionLane, UnsealedBatch, WriteAnswer } from './kafka-port.ts'
import type { LaneBroker } from './lane-requests.ts'
import { retrying } from './retrying.ts'
import type { ProducerIdentity } from './wire/transactions.ts'

type LaneAnswer = WriteAnswer<'ok' | 'fenced' | 'unknown'>

export interface LaneOptions {
  readonly transactionalId: string
  readonly timeoutMs: number
  /** For how long what may be repeated is repeated. */
  readonly patienceMs: number
  readonly signal: AbortSignal
}

/** As many as a broker remembers of an idempotent producer. */
const IN_FLIGHT_MAX = 5
const NO_ERROR = 'NONE'
const NO_FENCE: LaneAnswer = { outcome: 'unknown', reason: 'no fence yet' }
const FIRST_PAUSE_MS = 20
const PAUSE_MAX_MS = 1_000

interface WaitingBatch {
  readonly batch: UnsealedBatch
  readonly sequence: number
  readonly resolve: (answer: LaneAnswer) => void
  readonly reject: (error: unknown) => void
}

/** A partition in the transaction: batches with a number each, sent in order. */
interface PartitionWrites {
  readonly topic: string
  readonly partition: number
  readonly waiting: WaitingBatch[]
  /** Not appended, to be sent again when nothing is in flight. */
  readonly refused: WaitingBatch[]
  inFlight: number
  sequence: number
  /** It is part of the transaction, and its leader can be sent to. */
  isReady: boolean
  /** One batch was accepted. Before that the broker knows no sequence, and would take a later batch for the first. */
  isKnown: boolean
  /** How often in a row it was refused, and until when it is tried. */
  refusals: number
  deadline: number
}

/** One transaction after the other, by the transactional protocol of Kafka (KIP-98) with a fresh epoch for each. */
export class SequencedLane implements TransactionLane {
  readonly #broker: LaneBroker
  readonly #options: LaneOptions
  readonly #partitions = new Map<string, PartitionWrites>()
  #producer: ProducerIdentity | undefined
  /** Why there is no epoch to write in, or the first answer of this one that was not `ok`: from then on there is no other. */
  #broken: LaneAnswer | undefined = NO_FENCE

  constructor(broker: LaneBroker, options: LaneOptions) {
    this.#broker = broker
    this.#options = options
  }

  async fence(): Promise<void> {
    this.#producer = undefined
    this.#broken = NO_FENCE
    for (const writes of this.#partitions.values()) {
      settle(writes, NO_FENCE)
      this.#broker.forgetLeader(writes.topic, writes.partition)
    }
    this.#partitions.clear()
    const { patienceMs, signal, timeoutMs } = this.#options
    this.#producer = await retrying(patienceMs, signal, async () => {
      const { error, producer } = await this.#broker.init(timeoutMs)
      if (error === 0) return producer
      const reason = errorName(error)
      if (isCoordinatorMoved(reason)) this.#broker.forgetCoordinator()
      // A fenced one that asks for a new epoch is only late: it asks again.
      throw this.#refusal('has no new epoch', reason, isPassing(reason) || isFenced(reason))
    })
    this.#broken = undefined
  }

  write(topic: string, partition: number, batch: UnsealedBatch): Promise<LaneAnswer> {
    const producer = this.#producer
    if (this.#broken !== undefined || producer === undefined) return Promise.resolve(this.#broken ?? NO_FENCE)
    const writes = this.#writesTo(topic, partition, producer)
    const sequence = writes.sequence
    writes.sequence += batch.count
    return new Promise((resolve, reject) => {
      writes.waiting.push({ batch, sequence, resolve, reject })
      this.#sendOn(writes, producer)
    })
  }

  async end(commit: boolean): Promise<LaneAnswer> {
    const producer = this.#producer
    if (this.#broken !== undefined || producer === undefined) return this.#broken ?? NO_FENCE
    const writes = [...this.#partitions.values()]
    assert(!commit || writes.every(({ waiting, inFlight }) => waiting.length + inFlight === 0), 'a commit waits for its writes')
    if (writes.length === 0) return { outcome: 'ok' }
    try {
      const { patienceMs, signal } = this.#options
      const answer = await retrying(patienceMs, signal, async () => this.#endNow(producer, commit))
      // The epoch is used up: the next transaction begins with a fresh one.
      this.#breakAll(producer, answer.outcome === 'ok' ? NO_FENCE : answer)
      return answer
    } catch (thrown) {
      const answer = this.#doubt(producer, thrown)
      if (isRetriable(thrown)) return answer
      throw thrown
    }
  }

  async #endNow(producer: ProducerIdentity, commit: boolean): Promise<LaneAnswer> {
    let error: number
    try {
      error = await this.#broker.end(producer, commit)
    } catch (thrown) {
      // What was not sent may be sent again; of what was, nobody knows.
      if (isRetriable(thrown) && outcomeOf(thrown) === 'failed') throw thrown
      return this.#doubt(producer, thrown)
    }
    if (error === 0) return { outcome: 'ok' }
    const reason = errorName(error)
    if (isFenced(reason)) return { outcome: 'fenced', reason }
    if (isCoordinatorMoved(reason)) this.#broker.forgetCoordinator()
    throw this.#refusal('cannot end its transaction', reason, isPassing(reason))
  }

  #writesTo(topic: string, partition: number, producer: ProducerIdentity): PartitionWrites {
    const name = `${topic}/${partition}`
    const known = this.#partitions.get(name)
    if (known !== undefined) return known
    const deadline = Number.POSITIVE_INFINITY
    const fresh = { inFlight: 0, sequence: 0, isReady: false, isKnown: false, refusals: 0, deadline }
    const writes: PartitionWrites = { topic, partition, waiting: [], refused: [], ...fresh }
    this.#partitions.set(name, writes)
    void this.#add(writes, producer)
    return writes
  }

  /** Never rejects: what goes wrong is the answer to the writes that wait. */
  async #add(writes: PartitionWrites, producer: ProducerIdentity): Promise<void> {
    const { topic, partition } = writes
    const { patienceMs, signal } = this.#options
    try {
      await retrying(patienceMs, signal, async () => {
        const error = await this.#broker.addPartition(producer, topic, partition)
        if (error === 0) return
        const reason = errorName(error)
        if (isCoordinatorMoved(reason)) this.#broker.forgetCoordinator()
        throw this.#refusal(`cannot write to ${topic}/${partition}`, reason, isPassing(reason))
      })
      await this.#prepare(writes, producer)
    } catch (thrown) {
      this.#fail(producer, thrown)
    }
  }

  async #prepare(writes: PartitionWrites, producer: ProducerIdentity): Promise<void> {
    const { patienceMs, signal } = this.#options
    await retrying(patienceMs, signal, () => this.#broker.prepare(writes.topic, writes.partition))
    writes.isReady = true
    this.#sendOn(writes, producer)
  }

  #sendOn(writes: PartitionWrites, producer: ProducerIdentity): void {
    while (writes.isReady && writes.inFlight < (writes.isKnown ? IN_FLIGHT_MAX : 1) && this.#isCurrent(producer)) {
      const next = writes.waiting.shift()
      if (next === undefined) return
      writes.inFlight++
      void this.#send(writes, producer, next)
    }
  }

  #isCurrent(producer: ProducerIdentity): boolean {
    return this.#producer === producer && this.#broken === undefined
  }

  async #send(writes: PartitionWrites, producer: ProducerIdentity, sent: WaitingBatch): Promise<void> {
    const { topic, partition } = writes
    const { batch, sequence, resolve, reject } = sent
    let reason: string
    try {
      reason = errorName(await this.#broker.produce({ ...producer, sequence }, topic, partition, batch))
    } catch (thrown) {
      // Whatever came of it, nothing more is sent in this epoch.
      const answer = this.#doubt(producer, thrown)
      if (isRetriable(thrown)) resolve(answer)
      else reject(thrown)
      return
    }
    writes.inFlight--
    if (reason === NO_ERROR || reason === 'DUPLICATE_SEQUENCE_NUMBER') {
      writes.isKnown = true
      writes.refusals = 0
      resolve({ outcome: 'ok' })
      this.#sendOn(writes, producer)
    } else if (this.#mayRepeat(writes, reason) && this.#isCurrent(producer)) {
      writes.isReady = false
      writes.refused.push(sent)
    } else if (isFenced(reason)) resolve(this.#breakAll(producer, { outcome: 'fenced', reason }))
    else if (isPassing(reason) || reason === 'OUT_OF_ORDER_SEQUENCE_NUMBER')
      resolve(this.#breakAll(producer, { outcome: 'unknown', reason }))
    else {
      this.#breakAll(producer, { outcome: 'unknown', reason })
      reject(this.#refusal(`cannot write to ${topic}/${partition}`, reason, false))
    }
    if (writes.refused.length > 0 && writes.inFlight === 0) void this.#repeat(writes, producer)
  }

  /** Whether the broker said that it did not append the batch, or that one before it is missing which will be sent again. */
  #mayRepeat(writes: PartitionWrites, reason: string): boolean {
    return isLeaderMoved(reason) || (reason === 'OUT_OF_ORDER_SEQUENCE_NUMBER' && writes.refused.length > 0)
  }

  /** Sends what was refused to the new leader, in the old order. The sequences keep it from being there twice. */
  async #repeat(writes: PartitionWrites, producer: ProducerIdentity): Promise<void> {
    const { topic, partition, refused, waiting } = writes
    waiting.unshift(...refused.splice(0).sort((a, b) => a.sequence - b.sequence))
    if (!this.#isCurrent(producer)) {
      settle(writes, this.#broken ?? NO_FENCE)
      return
    }
    this.#broker.forgetLeader(topic, partition)
    if (writes.refusals === 0) writes.deadline = Date.now() + this.#options.patienceMs
    const pauseMs = Math.min(PAUSE_MAX_MS, FIRST_PAUSE_MS * 2 ** Math.min(writes.refusals++, 10))
    if (Date.now() + pauseMs > writes.deadline) {
      this.#breakAll(producer, { outcome: 'unknown', reason: 'NOT_LEADER_OR_FOLLOWER' })
      return
    }
    await sleep(pauseMs, undefined, { signal: this.#options.signal }).catch(() => undefined)
    await this.#prepare(writes, producer).catch((thrown) => this.#fail(producer, thrown))
  }

  /** The answer to what may or may not have happened. */
  #doubt(producer: ProducerIdentity, thrown: unknown): LaneAnswer {
    const answer: LaneAnswer = { outcome: isFenced(reasonOf(thrown)) ? 'fenced' : 'unknown', reason: reasonOf(thrown) }
    return this.#breakAll(producer, answer)
  }

  #fail(producer: ProducerIdentity, thrown: unknown): void {
    const isFinal = !isRetriable(thrown) && !isFenced(reasonOf(thrown))
    if (isFinal) for (const { waiting } of this.#partitions.values()) for (const { reject } of waiting.splice(0)) reject(thrown)
    this.#doubt(producer, thrown)
  }

  /** Ends the epoch for this lane: all that waits gets `answer`, and so does all that is asked until `fence`. */
  #breakAll(producer: ProducerIdentity, answer: LaneAnswer): LaneAnswer {
    if (this.#producer !== producer) return answer
    this.#broken ??= answer
    const broken = this.#broken
    for (const writes of this.#partitions.values()) settle(writes, broken)
    return broken
  }

  #refusal(what: string, reason: string, retriable: boolean) {
    const advice = retriable ? 'It is tried again for a while.' : adviceOn(reason)
    return kafkaError(`Kafka: the transactional id "${this.#options.transactionalId}" ${what} (${reason}). ${advice}`, {
      reason,
      retriable,
    })
  }
}

/** All that is not on its way gets this answer. */
function settle({ waiting, refused }: PartitionWrites, answer: LaneAnswer): void {
  for (const { resolve } of [...waiting.splice(0), ...refused.splice(0)]) resolve(answer)
}

function reasonOf(thrown: unknown): string {
  const reason = (thrown as { context?: { reason?: unknown } }).context?.reason
  return typeof reason === 'string' ? reason : String(thrown)
}

function outcomeOf(thrown: unknown): unknown {
  return (thrown as { outcome?: unknown }).outcome
}
