import type { BatchProducer } from '../record-batch/seal-batch.ts'
import type { Brokers } from './brokers.ts'
import type { UnsealedBatch } from './kafka-port.ts'
import { produceRequest } from './wire/produce.ts'
import { addPartitionRequest, endTransactionRequest, initProducerIdRequest, type ProducerIdentity } from './wire/transactions.ts'
import type { WireRequest } from './wire/wire-request.ts'

/** What a lane asks of the brokers; each answers with an error code, 0 for none, or rejects with `ERR_KAFKA`. */
export interface LaneBroker {
  /** A new epoch. */
  init(timeoutMs: number): Promise<{ readonly error: number; readonly producer: ProducerIdentity }>
  addPartition(producer: ProducerIdentity, topic: string, partition: number): Promise<number>
  /** Resolves when `produce` sends in the order of the calls. */
  prepare(topic: string, partition: number): Promise<void>
  produce(producer: BatchProducer, topic: string, partition: number, batch: UnsealedBatch): Promise<number>
  end(producer: ProducerIdentity, commit: boolean): Promise<number>
  /** Whom it asked is no longer the one to ask. */
  forgetCoordinator(): void
  forgetLeader(topic: string, partition: number): void
}

interface Leaders {
  leader(topic: string, partition: number): Promise<number>
  forgetLeader(topic: string, partition: number): void
}

/** The requests of one transactional id, each to the broker that answers for it. */
export class LaneRequests implements LaneBroker {
  readonly #brokers: Brokers
  readonly #leaders: Leaders
  readonly #transactionalId: string
  readonly #requestTimeoutMs: number
  #coordinator: number | undefined
  /** As `prepare` found them, so that `produce` sends without a pause that could change the order. */
  readonly #prepared = new Map<string, number>()

  constructor(brokers: Brokers, leaders: Leaders, transactionalId: string, requestTimeoutMs: number) {
    this.#brokers = brokers
    this.#leaders = leaders
    this.#transactionalId = transactionalId
    this.#requestTimeoutMs = requestTimeoutMs
  }

  init(timeoutMs: number) {
    return this.#ask(initProducerIdRequest(this.#transactionalId, timeoutMs))
  }

  addPartition(producer: ProducerIdentity, topic: string, partition: number): Promise<number> {
    return this.#ask(addPartitionRequest(this.#transactionalId, producer, topic, partition))
  }

  async prepare(topic: string, partition: number): Promise<void> {
    const node = await this.#leaders.leader(topic, partition)
    await this.#brokers.connect(node)
    this.#prepared.set(`${topic}/${partition}`, node)
  }

  async produce(producer: BatchProducer, topic: string, partition: number, batch: UnsealedBatch): Promise<number> {
    const node = this.#prepared.get(`${topic}/${partition}`) ?? (await this.#leaders.leader(topic, partition))
    const transaction = { id: this.#transactionalId, producer }
    return await this.#brokers.send(node, produceRequest({ topic, partition, batch, timeoutMs: this.#requestTimeoutMs, transaction }))
  }

  end(producer: ProducerIdentity, commit: boolean): Promise<number> {
    return this.#ask(endTransactionRequest(this.#transactionalId, producer, commit))
  }

  forgetCoordinator(): void {
    this.#coordinator = undefined
  }

  forgetLeader(topic: string, partition: number): void {
    this.#prepared.delete(`${topic}/${partition}`)
    this.#leaders.forgetLeader(topic, partition)
  }

  async #ask<A>(request: WireRequest<A>): Promise<A> {
    this.#coordinator ??= await this.#brokers.coordinator(this.#transactionalId, 'transaction')
    try {
      return await this.#brokers.send(this.#coordinator, request)
    } catch (thrown) {
      this.forgetCoordinator()
      throw thrown
    }
  }
}
