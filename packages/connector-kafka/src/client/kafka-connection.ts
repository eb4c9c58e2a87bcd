import { MalstromError } from '@malstrom/core'
import { Kafka, type KafkaConfig, logLevel } from 'kafkajs'
import type { KafkaPort } from './kafka-port.ts'
import { kafkajsInternals } from './kafkajs-internals.ts'
import { KafkajsPort } from './kafkajs-port.ts'

/** How to reach a cluster: its brokers, or a client of kafkajs that knows them. */
export interface KafkaConnection {
  /** Addresses such as `'kafka-1:9092'`; one that answers is enough. Or a function that gives them. */
  readonly brokers?: string | readonly string[] | KafkaConfig['brokers']
  /** `true`, or the options of `tls.connect`. @default no TLS */
  readonly ssl?: KafkaConfig['ssl']
  /** Mechanism and credentials, as kafkajs takes them. They are in no error and no log. @default no login */
  readonly sasl?: KafkaConfig['sasl']
  /** What quotas and the logs of the brokers call this client. @default 'malstrom' */
  readonly clientId?: string
  /** How long to wait for a connection, in milliseconds. @default 5000 */
  readonly connectionTimeoutMs?: number
  /** How long to wait for an answer, in milliseconds. @default 30000 */
  readonly requestTimeoutMs?: number
  /** A client instead of all of the above. It needs kafkajs 2.2.4. */
  readonly client?: Kafka
}

/** For `checkOptionNames` of those who take these options among others. */
export const CONNECTION_OPTIONS = ['brokers', 'ssl', 'sasl', 'clientId', 'connectionTimeoutMs', 'requestTimeoutMs', 'client'] as const
const CONNECTION_TIMEOUT_MS = 5_000
const REQUEST_TIMEOUT_MS = 30_000

/** Refuses a connection that cannot work; `owner` is who says so. Connects nowhere. */
export function checkKafkaConnection(owner: string, connection: KafkaConnection): void {
  const { brokers, client } = connection
  const refuse = (problem: string) => {
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${owner}: ${problem}`)
  }
  if ((brokers === undefined) === (client === undefined)) refuse('give either brokers or a client.')
  if (brokers === undefined || typeof brokers === 'function') return
  const list: readonly unknown[] = typeof brokers === 'string' ? [brokers] : brokers
  if (list.length === 0) refuse('brokers is empty. Give at least one address, such as "localhost:9092".')
  for (const broker of list) {
    if (typeof broker !== 'string' || !/^[^\s/@]+:\d{1,5}$/.test(broker)) {
      // Not quoted: it may be a URL with a password in it.
      refuse('a broker has no address of the form host:port, such as "localhost:9092".')
    }
  }
}

/** Makes a port. Connects with the first request. Throws `ERR_KAFKA` for a client of another version of kafkajs. */
export function openKafka(connection: KafkaConnection): KafkaPort {
  const { brokers, client } = connection
  const seedCount = typeof brokers === 'string' ? 1 : Array.isArray(brokers) ? brokers.length : 3
  const requestTimeoutMs = connection.requestTimeoutMs ?? REQUEST_TIMEOUT_MS
  return new KafkajsPort(kafkajsInternals(client ?? newClient(connection)), { seedCount, requestTimeoutMs })
}

function newClient(connection: KafkaConnection): Kafka {
  const { brokers = [], ssl, sasl } = connection
  return new Kafka({
    brokers: typeof brokers === 'function' ? brokers : typeof brokers === 'string' ? [brokers] : [...brokers],
    ...(ssl === undefined ? {} : { ssl }),
    ...(sasl === undefined ? {} : { sasl }),
    clientId: connection.clientId ?? 'malstrom',
    connectionTimeout: connection.connectionTimeoutMs ?? CONNECTION_TIMEOUT_MS,
    requestTimeout: connection.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
    // Retries are ours, and what fails for good is an error with all that it would log.
    retry: { retries: 0 },
    logLevel: logLevel.NOTHING,
  })
}
