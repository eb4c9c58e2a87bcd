import type { Kafka } from 'kafkajs'
import { kafkaError } from './kafka-error.ts'

/**
 * What we use of the inside of kafkajs 2.2.4: its connections, which know TLS, SASL and request
 * time-outs. Its own requests, retries and groups are not used. There has been no release since 2.2.4
 * (2023), so the inside does not move; `kafkajsInternals` looks whether it is what is written here.
 */
export interface KafkajsInternals {
  /** A pair of connections to a broker or, without `place`, to the next one of the list that the user gave. */
  buildPool(place?: { readonly host: string; readonly port: number; readonly rack: string | null }): Promise<KafkajsPool>
  /** Knows how to say hello over a pair of connections. */
  createBroker(pool: KafkajsPool): KafkajsBroker
}

export interface KafkajsPool {
  readonly host: string
  readonly port: number
  /** Of one request, in milliseconds. */
  readonly pool: readonly KafkajsConnection[]
  getConnection(index: number): Promise<KafkajsConnection>
}

export interface KafkajsBroker {
  readonly connectionPool: KafkajsPool
  /** Connects, asks for versions and authenticates. */
  connect(): Promise<void>
  disconnect(): Promise<void>
}

export interface KafkajsConnection {
  readonly requestTimeout: number
  readonly socket?: { destroy(error?: Error): void; setNoDelay?(noDelay: boolean): void }
  readonly requestQueue: KafkajsRequestQueue
  /** How long the answer is that is being received. */
  readonly bytesNeeded: number
  isConnected(): boolean
  processData(bytes: Buffer): void
  send<A>(request: KafkajsRequest<A>): Promise<A>
  rejectRequests(error: Error): void
}

export interface KafkajsRequestQueue {
  readonly pending: readonly unknown[]
  /** Sent, and not answered. */
  readonly inflight: ReadonlyMap<unknown, { readonly sentAt: number; readonly requestTimeout: number; timeoutRequest(): void }>
  readonly requestTimeout: number
  readonly enforceRequestTimeout: boolean
  requestTimeoutIntervalId?: NodeJS.Timeout
  scheduleCheckPendingRequests(): void
  scheduleRequestTimeoutCheck(): void
  isConnected(): boolean
  /** Ends its timers. */
  destroy(): void
}

export interface KafkajsRequest<A> {
  readonly request: {
    readonly apiKey: number
    readonly apiVersion: number
    readonly apiName: string
    /** What it takes for one of its own encoders. */
    readonly encode: () => Promise<{ readonly buf: Buffer; readonly buffer: Buffer }>
  }
  readonly response: {
    readonly decode: (bytes: Buffer) => Promise<{ readonly bytes: Buffer; readonly clientSideThrottleTime: number }>
    readonly parse: (decoded: { readonly bytes: Buffer }) => Promise<A>
  }
  readonly logResponseError?: boolean
}

interface CapturedCluster {
  readonly connectionPoolBuilder?: { build?(place?: object): Promise<KafkajsPool> }
  readonly brokerPool?: { createBroker?(options: object): KafkajsBroker }
  readonly rootLogger?: unknown
}

const PROTOCOL = 'malstrom-unused'

/** Takes the cluster out of a client. Connects nowhere. */
export function kafkajsInternals(kafka: Kafka): KafkajsInternals {
  let captured: CapturedCluster | undefined
  // A consumer hands its cluster to its assigners when it is made; it never connects, because nobody calls its `connect`.
  kafka.consumer({
    groupId: PROTOCOL,
    allowAutoTopicCreation: false,
    partitionAssigners: [
      ({ cluster }) => {
        captured = cluster as unknown as CapturedCluster
        return {
          name: PROTOCOL,
          version: 0,
          assign: async () => [],
          protocol: () => ({ name: PROTOCOL, metadata: Buffer.alloc(0) }),
        }
      },
    ],
  })
  const builder = must(captured?.connectionPoolBuilder, 'cluster.connectionPoolBuilder')
  const brokerPool = must(captured?.brokerPool, 'cluster.brokerPool')
  must(builder.build, 'connectionPoolBuilder.build')
  must(brokerPool.createBroker, 'brokerPool.createBroker')
  const logger = must(captured?.rootLogger, 'cluster.rootLogger')
  return {
    async buildPool(place) {
      const pool = checkPool(await must(builder.build, 'connectionPoolBuilder.build').call(builder, place))
      for (const connection of pool.pool) {
        quietTimer(connection.requestQueue)
        slowTimer(connection.requestQueue)
        guardAnswers(connection)
      }
      return pool
    },
    createBroker(pool) {
      const broker = must(brokerPool.createBroker, 'brokerPool.createBroker').call(brokerPool, { connectionPool: pool, logger })
      must(broker.connect, 'broker.connect')
      must(broker.disconnect, 'broker.disconnect')
      return broker
    },
  }
}

function checkPool(pool: KafkajsPool): KafkajsPool {
  must(pool.getConnection, 'connectionPool.getConnection')
  for (const connection of must(pool.pool, 'connectionPool.pool')) {
    must(connection.send, 'connection.send')
    must(connection.isConnected, 'connection.isConnected')
    must(connection.rejectRequests, 'connection.rejectRequests')
    must(connection.processData, 'connection.processData')
    must(connection.bytesNeeded, 'connection.bytesNeeded')
    must(connection.requestQueue?.pending, 'requestQueue.pending')
    must(connection.requestQueue.scheduleCheckPendingRequests, 'requestQueue.scheduleCheckPendingRequests')
    must(connection.requestQueue.inflight, 'requestQueue.inflight')
    must(connection.requestQueue.scheduleRequestTimeoutCheck, 'requestQueue.scheduleRequestTimeoutCheck')
    must(connection.requestQueue.isConnected, 'requestQueue.isConnected')
    must(connection.requestQueue.destroy, 'requestQueue.destroy')
  }
  must(pool.pool[1], 'a second connection in connectionPool.pool')
  return pool
}

/**
 * kafkajs arms a timer of 1 ms again and again for as long as a connection lives, which costs an idle job
 * 4 % of a core (its issues 1704, 1751): there is something to look after only while a request waits.
 */
function quietTimer(queue: KafkajsRequestQueue): void {
  const schedule = queue.scheduleCheckPendingRequests
  queue.scheduleCheckPendingRequests = () => {
    if (queue.pending.length > 0) schedule.call(queue)
  }
}

/** How late a request may be given up, as a part of its time-out, and at most. */
const LATE_PART = 20
const LATE_MS_MAX = 1_000

/**
 * kafkajs looks for requests that have waited too long ten times a second on every connection, whatever the time-out is: 0.1 % of a core
 * each. Ours looks less often where time-outs are long.
 */
function slowTimer(queue: KafkajsRequestQueue): void {
  queue.scheduleRequestTimeoutCheck = () => {
    if (!queue.enforceRequestTimeout) return
    queue.destroy()
    const look = () => {
      const nowMs = Date.now()
      for (const request of queue.inflight.values()) if (nowMs - request.sentAt > request.requestTimeout) request.timeoutRequest()
      if (!queue.isConnected()) queue.destroy()
    }
    queue.requestTimeoutIntervalId = setInterval(look, Math.max(1, Math.min(LATE_MS_MAX, queue.requestTimeout / LATE_PART)))
  }
}

/** Far above what is asked for: 50 MiB and one batch. */
const ANSWER_BYTES_MAX = 512 * 1024 * 1024

/** Of what is no answer kafkajs makes an exception that nobody can catch, or waits for gigabytes of it. */
function guardAnswers(connection: KafkajsConnection): void {
  const processData = connection.processData
  connection.processData = (bytes) => {
    try {
      processData.call(connection, bytes)
      if (connection.bytesNeeded <= ANSWER_BYTES_MAX) return
    } catch {
      // The same as an answer that is too long: this is no broker, or no longer in step with us.
    }
    const failure = new Error('what it sends are no answers of a Kafka broker')
    connection.rejectRequests(failure)
    connection.socket?.destroy(failure)
  }
}

function must<T>(part: T | undefined, name: string): T {
  if (part !== undefined && part !== null) return part
  const problem = `Kafka: this version of kafkajs has no ${name}, which is needed. Install kafkajs 2.2.4: npm install kafkajs@2.2.4.`
  throw kafkaError(problem, { retriable: false })
}
