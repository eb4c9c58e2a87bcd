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
  inFlight: number
  sequence: number
  isAdded: boolean
}

/** One transaction after the other, by the transactional protocol of Kafka (KIP-98) with a fresh epoch for each. */
export class SequencedLane implements TransactionLane {
  readonly #broker: LaneBroker
  readonly #options: LaneOptions
  readonly #partitions = new Map<string, PartitionWrites>()
  #producer: ProducerIdentity | undefined
  /** The first answer of this epoch that was not `ok`: from then on there is no other. */
  #broken: LaneAnswer | undefined

  constructor(broker: LaneBroker, options: LaneOptions) {
    this.#broker = broker
    this.#options = options
  }

  async fence(): Promise<void> {
    this.#producer = undefined
    for (const { topic, partition } of this.#partitions.values()) this.#broker.forgetLeader(topic, partition)
    this.#partitions.clear()
    this.#broken = undefined
    const { patienceMs, signal, timeoutMs } = this.#options
    this.#producer = await retrying(patienceMs, signal, async () => {
      const { error, producer } = await this.#broker.init(timeoutMs)
      if (error === 0) return producer
      const reason = errorName(error)
      if (isCoordinatorMoved(reason)) this.#broker.forgetCoordinator()
      // A fenced one that asks for a new epoch is only late: it asks again.
      throw this.#refusal('has no new epoch', reason, isPassing(reason) || isFenced(reason))
    })
  }

  write(topic: string, partition: number, batch: UnsealedBatch): Promise<LaneAnswer> {
    if (this.#broken !== undefined) return Promise.resolve(this.#broken)
    const producer = this.#producer
    assert(producer !== undefined, 'a transaction begins with fence()')
    const writes = this.#writesTo(topic, partition, producer)
    const sequence = writes.sequence
    writes.sequence += batch.count
    return new Promise((resolve, reject) => {
      writes.waiting.push({ batch, sequence, resolve, reject })
      this.#sendOn(writes, producer)
    })
  }

  async end(commit: boolean): Promise<LaneAnswer> {
    if (this.#broken !== undefined) return this.#broken
    const producer = this.#producer
    assert(producer !== undefined, 'a transaction begins with fence()')
    const writes = [...this.#partitions.values()]
    assert(!commit || writes.every(({ waiting, inFlight }) => waiting.length + inFlight === 0), 'a commit waits for its writes')
    if (writes.length === 0) return { outcome: 'ok' }
    try {
      const { patienceMs, signal } = this.#options
      const answer = await retrying(patienceMs, signal, async () => this.#endNow(producer, commit))
      // The epoch is used up: the next transaction begins with a fresh one.
      if (answer.outcome === 'ok') this.#producer = undefined
      else this.#breakAll(producer, answer)
      return answer
    } catch (thrown) {
      return this.#doubt(producer, thrown)
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
    const writes: PartitionWrites = { topic, partition, waiting: [], inFlight: 0, sequence: 0, isAdded: false }
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
      await retrying(patienceMs, signal, () => this.#broker.prepare(topic, partition))
      writes.isAdded = true
      this.#sendOn(writes, producer)
    } catch (thrown) {
      this.#fail(producer, thrown)
    }
  }

  #sendOn(writes: PartitionWrites, producer: ProducerIdentity): void {
    while (writes.isAdded && writes.inFlight < IN_FLIGHT_MAX && this.#producer === producer && this.#broken === undefined) {
      const next = writes.waiting.shift()
      if (next === undefined) return
      writes.inFlight++
      void this.#send(writes, producer, next)
    }
  }

  async #send(writes: PartitionWrites, producer: ProducerIdentity, { batch, sequence, resolve, reject }: WaitingBatch): Promise<void> {
    const { topic, partition } = writes
    try {
      const error = await this.#broker.produce({ ...producer, sequence }, topic, partition, batch)
      writes.inFlight--
      const reason = errorName(error)
      if (error === 0 || reason === 'DUPLICATE_SEQUENCE_NUMBER') {
        resolve({ outcome: 'ok' })
        this.#sendOn(writes, producer)
        return
      }
      if (isLeaderMoved(reason)) this.#broker.forgetLeader(topic, partition)
      // After another failure this one is only its consequence.
      const follows = this.#broken !== undefined || reason === 'OUT_OF_ORDER_SEQUENCE_NUMBER'
      if (!isFenced(reason) && !isPassing(reason) && !follows) {
        throw this.#refusal(`cannot write to ${topic}/${partition}`, reason, false)
      }
      resolve(this.#breakAll(producer, { outcome: isFenced(reason) ? 'fenced' : 'unknown', reason }))
    } catch (thrown) {
      if (isRetriable(thrown)) resolve(this.#doubt(producer, thrown))
      else {
        this.#doubt(producer, thrown)
        reject(thrown)
      }
    }
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
    for (const { waiting } of this.#partitions.values()) for (const { resolve } of waiting.splice(0)) resolve(broken)
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

function reasonOf(thrown: unknown): string {
  const reason = (thrown as { context?: { reason?: unknown } }).context?.reason
  return typeof reason === 'string' ? reason : String(thrown)
}

function outcomeOf(thrown: unknown): unknown {
  return (thrown as { outcome?: unknown }).outcome
}
