import { BrokerConnection, type Channel } from './broker-connection.ts'
import { errorName } from './broker-error.ts'
import { connectionFailure } from './connection-failure.ts'
import { isRetriable, kafkaError } from './kafka-error.ts'
import type { KafkajsInternals } from './kafkajs-internals.ts'
import { findCoordinatorRequest } from './wire/coordinator.ts'
import { type Metadata, metadataRequest } from './wire/metadata.ts'
import type { WireRequest } from './wire/wire-request.ts'

/** How many brokers of the user's list are tried in one round. */
const SEEDS_PER_ROUND_MAX = 16

/** The brokers of a cluster: who they are, and connections to those that are used. */
export class Brokers {
  readonly #internals: KafkajsInternals
  readonly #seedCount: number
  readonly #byNode = new Map<number, BrokerConnection>()
  #places: Metadata['brokers'] = []
  #seed: BrokerConnection | undefined
  #isClosed = false

  /** `seedCount`: how long the list of the user is. */
  constructor(internals: KafkajsInternals, seedCount: number) {
    this.#internals = internals
    this.#seedCount = Math.min(seedCount, SEEDS_PER_ROUND_MAX)
  }

  /** Sends to the broker `node`. Asks who the brokers are if it is not known. */
  async send<A>(node: number, request: WireRequest<A>, channel: Channel = 'requests'): Promise<A> {
    const connection = await this.#connectionTo(node)
    try {
      return await connection.send(request, channel)
    } catch (thrown) {
      this.#drop(connection)
      throw thrown
    }
  }

  /** Resolves when requests to `node` can be sent in the order of the calls. */
  async connect(node: number): Promise<void> {
    await (await this.#connectionTo(node)).connect('requests')
  }

  /** Sends to any broker that can be reached: those that are connected first, then the others, then the user's list. */
  async sendToAny<A>(request: WireRequest<A>): Promise<A> {
    const known = [...this.#byNode.values(), ...(this.#seed === undefined ? [] : [this.#seed])]
    const candidates = [...known.filter(({ isConnected }) => isConnected), ...known.filter(({ isConnected }) => !isConnected)]
    let failure: unknown
    for (const candidate of candidates) {
      try {
        return await candidate.send(request)
      } catch (thrown) {
        this.#drop(candidate)
        if (!isRetriable(thrown) || this.#isClosed) throw thrown
        failure = thrown
      }
    }
    for (let tried = 0; tried < this.#seedCount; tried++) {
      const seed = await this.#nextSeed()
      try {
        return await seed.send(request)
      } catch (thrown) {
        this.#drop(seed)
        if (!isRetriable(thrown) || this.#isClosed) throw thrown
        failure = thrown
      }
    }
    throw failure
  }

  /** Who leads what now, and who the brokers are. */
  async metadata(topics: readonly string[]): Promise<Metadata> {
    const metadata = await this.sendToAny(metadataRequest(topics))
    for (const [node, connection] of this.#byNode) {
      const place = metadata.brokers.find(({ nodeId }) => nodeId === node)
      if (place !== undefined && `${place.host}:${place.port}` === connection.address) continue
      this.#byNode.delete(node)
      void connection.close()
    }
    this.#places = metadata.brokers
    this.#adoptSeed()
    return metadata
  }

  /** The node that coordinates a group or a transactional id. Rejects with what `isRetriable` while there is none. */
  async coordinator(key: string, kind: 'group' | 'transaction'): Promise<number> {
    const { error, nodeId } = await this.sendToAny(findCoordinatorRequest(key, kind))
    if (error === 0) return nodeId
    const reason = errorName(error)
    const retriable = reason === 'COORDINATOR_NOT_AVAILABLE' || reason === 'COORDINATOR_LOAD_IN_PROGRESS'
    throw kafkaError(`Kafka: no coordinator for the ${kind} "${key}" (${reason}).`, { reason, retriable })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const connections = [...this.#byNode.values(), ...(this.#seed === undefined ? [] : [this.#seed])]
    this.#byNode.clear()
    this.#seed = undefined
    await Promise.all(connections.map((connection) => connection.close()))
  }

  async #connectionTo(node: number): Promise<BrokerConnection> {
    const known = this.#byNode.get(node)
    if (known !== undefined) return known
    if (!this.#places.some(({ nodeId }) => nodeId === node)) await this.metadata([])
    const place = this.#places.find(({ nodeId }) => nodeId === node)
    if (place === undefined) {
      throw kafkaError(`Kafka: there is no broker ${node} at the moment.`, { reason: 'BROKER_NOT_AVAILABLE', retriable: true })
    }
    const made = await this.#make({ host: place.host, port: place.port, rack: place.rack })
    // Somebody else may have been as fast.
    const other = this.#byNode.get(node)
    if (other !== undefined) return other
    this.#byNode.set(node, made)
    return made
  }

  /** The connection that was made by the list of the user is, by now, one to a broker that is known. */
  #adoptSeed(): void {
    const seed = this.#seed
    const node = this.#places.find(({ host, port }) => `${host}:${port}` === seed?.address)?.nodeId
    if (seed === undefined || node === undefined || this.#byNode.has(node)) return
    this.#byNode.set(node, seed)
    this.#seed = undefined
  }

  /**
   * A connection over which a request failed is made anew, with an object of its own: kafkajs keeps the beginning of
   * an answer that was cut off, and would take what comes over the next socket for the rest of it.
   */
  #drop(connection: BrokerConnection): void {
    for (const [node, known] of this.#byNode) if (known === connection) this.#byNode.delete(node)
    if (this.#seed === connection) this.#seed = undefined
    void connection.close()
  }

  async #nextSeed(): Promise<BrokerConnection> {
    const last = this.#seed
    this.#seed = undefined
    if (last !== undefined) void last.close()
    const seed = await this.#make()
    this.#seed = seed
    return seed
  }

  async #make(place?: Parameters<KafkajsInternals['buildPool']>[0]): Promise<BrokerConnection> {
    if (this.#isClosed) throw connectionFailure('the cluster', 'connecting', new Error('closed'))
    try {
      return new BrokerConnection(this.#internals.createBroker(await this.#internals.buildPool(place)))
    } catch (thrown) {
      throw connectionFailure('the list of brokers', 'connecting', thrown)
    }
  }
}
