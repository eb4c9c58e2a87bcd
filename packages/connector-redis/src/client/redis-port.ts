/** What goes to the server as it is. */
export type RedisArgument = string | Buffer

/** The name of a command and its arguments. */
export type RedisCommand = readonly [name: string, ...args: RedisArgument[]]

/**
 * One connection to Redis, as far as this package needs it: `IoredisPort` is the real one, tests have one in memory.
 *
 * A command is sent once. When the connection breaks before the answer, the call rejects with `ConnectionLost`: the command may have been
 * executed, and whoever sent it knows whether it may be repeated. The connection comes back by itself; `ready` tells when.
 */
export interface RedisPort {
  /** The reply, with texts as strings, or as buffers with `bytes`. Rejects with `RedisRefusal` if the server answers with an error. */
  call(command: RedisCommand, bytes?: boolean): Promise<unknown>
  /** Sends all of them at once. Resolves with an answer for each, in order; never rejects. */
  pipeline(commands: readonly RedisCommand[]): Promise<readonly RedisAnswer[]>
  /** MULTI and EXEC: nothing happens between the commands. All keys must belong to one slot. */
  transaction(commands: readonly RedisCommand[], bytes?: boolean): Promise<readonly RedisAnswer[]>
  /** The keys that match a pattern and hold a stream, on every node. */
  scanStreams(pattern: string): Promise<readonly string[]>
  /** Resolves when commands can be sent. Rejects if that cannot become true by itself: closed, or refused for its credentials. */
  ready(): Promise<void>
  /** Gives the connection up and makes a new one: this one seems to lead to a server that may not write any more. */
  reconnect(): void
  /** Ends the connection; what waits for an answer rejects with `ConnectionLost`. */
  close(): void
}

/** The reply, a `RedisRefusal`, or `ConnectionLost` if there was no answer. */
export type RedisAnswer = unknown | Error

export interface RedisConnector {
  /** Where it connects to, for messages: without credentials. */
  readonly name: string
  /** A connection that is ready. @throws MalstromError `ERR_REDIS` if there is none in time, or the credentials are refused */
  connect(): Promise<RedisPort>
}

/** The connection broke before the answer; the command may have been executed. */
export class ConnectionLost extends Error {
  override name = 'ConnectionLost'
}

/** The server has answered with an error; nothing was changed. */
export class RedisRefusal extends Error {
  override name = 'RedisRefusal'

  /** The first word of the answer, such as `WRONGTYPE`. */
  get code(): string {
    return /^[A-Z]+/.exec(this.message)?.[0] ?? 'ERR'
  }

  /** It will be answered differently in a moment: the server loads its data or changes its role, or a cluster is being repaired. */
  get isTemporary(): boolean {
    return TEMPORARY.includes(this.code) || this.isDemoted
  }

  /** The server has become a replica. Another one takes writes, and a new connection may lead there. */
  get isDemoted(): boolean {
    return this.code === 'READONLY'
  }
}

const TEMPORARY = ['LOADING', 'TRYAGAIN', 'CLUSTERDOWN', 'MASTERDOWN', 'BUSY', 'UNBLOCKED']
