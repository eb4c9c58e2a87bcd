import type { Socket } from 'node:net'
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { DirectConnection } from './direct-connection.ts'
import { isCredentialError, redisError } from './redis-error.ts'
import { addressName, type RedisAddress } from './redis-options.ts'
import { ConnectionLost, type RedisAnswer, type RedisCommand, type RedisConnector, type RedisPort, RedisRefusal } from './redis-port.ts'

const CONNECT_TIMEOUT_MS = 10_000
const RECONNECT_PAUSE_MAX_MS = 1_000
/** A server that has said nothing for so long although it was asked is taken to be gone. Longer than any command here blocks. */
const SILENCE_MAX_MS = 15_000
const SCAN_COUNT = '1000'

/** Connections by ioredis. @throws MalstromError `ERR_OPERATOR_ARGUMENT` if the address is none */
export function ioredisConnector(owner: string, address: RedisAddress): RedisConnector {
  const name = addressName(owner, address)
  const { connectTimeoutMs = CONNECT_TIMEOUT_MS } = address
  return {
    name,
    async connect() {
      const port = new IoredisPort(clientOf(address))
      try {
        await port.connected(connectTimeoutMs)
        return port
      } catch (thrown) {
        port.close()
        throw redisError(name, 'connect', thrown)
      }
    },
  }
}

/** What must not be otherwise: whoever sends a command decides whether it is repeated, and replies have one shape. */
const FIXED = {
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  lazyConnect: false,
  protocol: 2,
  replyMapping: 'legacy',
  stringNumbers: false,
} as const satisfies RedisOptions

function clientOf({ url, redis, cluster }: RedisAddress): Redis | Cluster {
  if (cluster !== undefined) {
    const options = {
      clusterRetryStrategy: pause,
      ...cluster.options,
      redisOptions: { socketTimeout: SILENCE_MAX_MS, ...cluster.options?.redisOptions, ...FIXED },
      // Otherwise ioredis repeats commands of which nobody knows whether they have been executed.
      retryDelayOnFailover: 0,
      lazyConnect: false,
    }
    return new Cluster([...cluster.nodes], options)
  }
  const options = { retryStrategy: pause, socketTimeout: SILENCE_MAX_MS, ...redis, ...FIXED }
  if (url !== undefined) return new Redis(url, options)
  return new Redis(redis === undefined ? { host: '127.0.0.1', ...options } : options)
}

function pause(attempts: number): number {
  return Math.min(RECONNECT_PAUSE_MAX_MS, 10 * 2 ** Math.min(attempts, 10))
}

class IoredisPort implements RedisPort {
  readonly #client: Redis | Cluster
  /** For all commands, unless this is a cluster: there ioredis finds the node of each. */
  readonly #direct: DirectConnection | undefined
  #isClosed = false
  /** Why the server will not have us, however often we come. */
  #refused: Error | undefined
  #lastError: Error | undefined
  #waiting: { resolve(): void; reject(reason: Error): void }[] = []

  constructor(client: Redis | Cluster) {
    this.#client = client
    this.#direct = client instanceof Redis ? new DirectConnection(client.options.socketTimeout ?? 0) : undefined
    const onError = (error: Error) => this.#failed(error)
    // Without a listener ioredis prints its errors.
    client.on('error', onError)
    if (client instanceof Cluster) client.on('node error', onError)
    client.on('ready', () => {
      this.#refused = undefined
      if (client instanceof Redis) this.#direct?.attach(client.stream as Socket)
      for (const { resolve } of this.#waiting.splice(0)) resolve()
    })
    client.on('end', () => this.#rejectWaiting(this.#lastError ?? new ConnectionLost('The connection is closed.')))
  }

  /** Resolves when it is connected for the first time. */
  async connected(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(this.#lastError ?? new Error(`ETIMEDOUT: no answer within ${timeoutMs} ms`)), timeoutMs)
    })
    try {
      await Promise.race([this.ready(), tooLate])
    } finally {
      clearTimeout(timer)
    }
  }

  async call(command: RedisCommand, bytes = false): Promise<unknown> {
    if (this.#direct !== undefined) {
      const [answer] = await this.#direct.send([command], bytes)
      if (answer instanceof Error) throw answer
      return answer
    }
    const [name, ...args] = command
    try {
      return await (bytes ? this.#client.callBuffer(name, args) : this.#client.call(name, args))
    } catch (thrown) {
      throw answerOf(thrown)
    }
  }

  async pipeline(commands: readonly RedisCommand[]): Promise<readonly RedisAnswer[]> {
    if (this.#direct !== undefined) return await this.#direct.send(commands)
    const pipeline = this.#client.pipeline()
    for (const command of commands) pipeline.call(command[0], command.slice(1))
    try {
      const replies = (await pipeline.exec()) ?? []
      return commands.map((_, i) => replyOf(replies[i]))
    } catch (thrown) {
      const answer = answerOf(thrown)
      return commands.map(() => answer)
    }
  }

  async transaction(commands: readonly RedisCommand[], bytes = false): Promise<readonly RedisAnswer[]> {
    if (this.#direct !== undefined) return executed(await this.#direct.send([['multi'], ...commands, ['exec']], bytes))
    const transaction = this.#client.multi()
    for (const [name, ...args] of commands) {
      if (bytes) transaction.callBuffer(name, args)
      else transaction.call(name, args)
    }
    try {
      const replies = (await transaction.exec()) ?? []
      return commands.map((_, i) => replyOf(replies[i]))
    } catch (thrown) {
      // A transaction that was refused says so; why is in the answers to its commands.
      const [first] = (thrown as { previousErrors?: Error[] }).previousErrors ?? []
      throw answerOf(first ?? thrown)
    }
  }

  async scanStreams(pattern: string): Promise<readonly string[]> {
    const keys = new Set<string>()
    for (const scan of this.#scans()) {
      let cursor = '0'
      do {
        const [next, found] = (await scan([cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT, 'TYPE', 'stream'])) as [string, string[]]
        cursor = next
        for (const key of found) keys.add(key)
      } while (cursor !== '0')
    }
    return [...keys]
  }

  /** SCAN on every node. */
  #scans(): ((args: string[]) => Promise<unknown>)[] {
    const client = this.#client
    if (client instanceof Redis) return [(args) => this.call(['scan', ...args])]
    const refuse = (thrown: unknown) => {
      throw answerOf(thrown)
    }
    return client.nodes('master').map((node) => (args) => node.call('scan', args).catch(refuse))
  }

  ready(): Promise<void> {
    if (this.#isClosed) return Promise.reject(new ConnectionLost('The connection is closed.'))
    if (this.#refused !== undefined) return Promise.reject(this.#refused)
    if (this.#direct?.isOpen ?? this.#client.status === 'ready') return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
    })
  }

  reconnect(): void {
    if (!this.#isClosed) this.#client.disconnect(true)
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#client.disconnect()
    this.#direct?.lose('The connection is closed.')
    this.#rejectWaiting(new ConnectionLost('The connection is closed.'))
  }

  #failed(error: Error): void {
    const cause = ((error as { lastNodeError?: Error }).lastNodeError ?? error) as Error
    this.#lastError = isReplyError(cause) ? new RedisRefusal(cause.message) : new Error(textOf(cause))
    if (!isCredentialError(cause.message) && !isCertificateError(cause)) return
    this.#refused = this.#lastError
    this.#rejectWaiting(this.#lastError)
  }

  #rejectWaiting(reason: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(reason)
  }
}

/** The replies of a transaction, out of those to MULTI, its commands and EXEC. */
function executed(answers: readonly RedisAnswer[]): readonly RedisAnswer[] {
  const replies = answers.at(-1)
  if (Array.isArray(replies)) return replies
  // Why it was refused is in what came before.
  throw answers.find((answer) => answer instanceof Error) ?? new ConnectionLost('There was no answer.')
}

function replyOf(reply: [error: Error | null, result: unknown] | undefined): RedisAnswer {
  if (reply === undefined) return new ConnectionLost('There was no answer.')
  return reply[0] === null || reply[0] === undefined ? reply[1] : answerOf(reply[0])
}

/** What ioredis rejects with, without the command, which may hold credentials or data. */
function answerOf(thrown: unknown): Error {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  if (isReplyError(error)) return new RedisRefusal(error.message)
  if (/same slot/.test(error.message)) return new RedisRefusal(`CROSSSLOT ${error.message}`)
  return new ConnectionLost(error.message)
}

function isReplyError(error: Error): boolean {
  return error.name === 'ReplyError'
}

/** Node's text for a refused connection to a name with several addresses is empty; its code is not. */
function textOf(error: Error): string {
  const { code } = error as { code?: string }
  return error.message !== '' || code === undefined ? error.message : code
}

function isCertificateError(error: Error): boolean {
  const { code = '' } = error as { code?: string }
  return /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS/.test(code)
}
