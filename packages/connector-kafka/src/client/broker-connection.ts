import { connectionFailure } from './connection-failure.ts'
import type { KafkajsBroker, KafkajsConnection } from './kafkajs-internals.ts'
import { decodeAnswer, encodeRequest, type WireRequest } from './wire/wire-request.ts'

/** A broker answers the requests of a connection one after the other, so what waits for records has one of its own. */
export type Channel = 'requests' | 'fetches'

const INDEX: Readonly<Record<Channel, number>> = { requests: 0, fetches: 1 }

/** One broker: connects when it is needed, again if the connection was lost. */
export class BrokerConnection {
  readonly address: string
  readonly #broker: KafkajsBroker
  /** At most one attempt at a time: kafkajs would make two sockets and forget one. */
  readonly #connecting = new Map<Channel, Promise<KafkajsConnection>>()
  #isClosed = false

  constructor(broker: KafkajsBroker) {
    this.#broker = broker
    this.address = `${broker.connectionPool.host}:${broker.connectionPool.port}`
  }

  get isConnected(): boolean {
    return !this.#isClosed && this.#broker.connectionPool.pool.some((connection) => connection.isConnected())
  }

  /**
   * Sends a request and resolves with its answer. Rejects with `ERR_KAFKA`: `outcome` is `failed` if it was
   * not sent. Requests of a channel are sent in the order of the calls once `connect` has resolved.
   */
  async send<A>(request: WireRequest<A>, channel: Channel = 'requests'): Promise<A> {
    const open = this.#broker.connectionPool.pool[INDEX[channel]]
    const connection = open?.isConnected() ? open : await this.connect(channel)
    let bytes: Buffer
    try {
      bytes = await connection.send({
        request: {
          apiKey: request.apiKey,
          apiVersion: request.apiVersion,
          apiName: request.apiName,
          encode: async () => {
            const encoded = encodeRequest(request)
            return { buf: encoded, buffer: encoded }
          },
        },
        response: {
          decode: async (answer) => ({ bytes: answer, clientSideThrottleTime: throttleOf(request, answer) }),
          parse: async (decoded) => decoded.bytes,
        },
        logResponseError: false,
      })
    } catch (thrown) {
      throw connectionFailure(this.address, 'waiting', thrown)
    }
    return decodeAnswer(request, bytes)
  }

  /** Resolves when the channel can send. Rejects with `ERR_KAFKA` if it cannot connect. */
  connect(channel: Channel): Promise<KafkajsConnection> {
    const running = this.#connecting.get(channel)
    if (running !== undefined) return running
    const connecting = this.#open(channel).finally(() => this.#connecting.delete(channel))
    this.#connecting.set(channel, connecting)
    return connecting
  }

  /** Ends the connections now; requests that wait reject. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const connection of this.#broker.connectionPool.pool) {
      // kafkajs would first wait for every answer, also of a broker that gives none.
      connection.rejectRequests(new Error('closed'))
      // With an error, or an attempt to connect would go on until its time-out.
      connection.socket?.destroy(new Error('closed'))
    }
    await this.#broker.disconnect().catch(() => undefined)
  }

  async #open(channel: Channel): Promise<KafkajsConnection> {
    try {
      // Versions and login first, over the connection for requests.
      await this.#broker.connect()
      const connection = await this.#broker.connectionPool.getConnection(INDEX[channel])
      connection.socket?.setNoDelay?.(true)
      if (!this.#isClosed) return connection
    } catch (thrown) {
      throw connectionFailure(this.address, 'connecting', thrown)
    }
    // Closed in the meantime: what has just been opened must not stay.
    await this.close()
    throw connectionFailure(this.address, 'connecting', new Error('closed'))
  }
}

function throttleOf(request: WireRequest<unknown>, answer: Buffer): number {
  return request.isThrottled === true && answer.length >= 4 ? answer.readInt32BE(0) : 0
}
