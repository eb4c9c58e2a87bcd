import type { Socket } from 'node:net'
import { encodeCommands } from './encode-commands.ts'
import { ConnectionLost, type RedisAnswer, type RedisCommand } from './redis-port.ts'
import { ReplyDecoder } from './reply-decoder.ts'

interface Request {
  readonly answers: RedisAnswer[]
  readonly count: number
  readonly bytes: boolean
  readonly resolve: (answers: readonly RedisAnswer[]) => void
}

/**
 * Commands and replies over the socket of a client of ioredis, which connects, authenticates and connects again, but would take several
 * times as long for them: it makes an object, a promise and a text of its own for every command, and its decoder is slow.
 *
 * From `attach` on nobody else may send commands over that socket.
 */
export class DirectConnection {
  readonly #silenceMsMax: number
  #socket: Socket | undefined
  #requests: Request[] = []
  #silence: NodeJS.Timeout | undefined
  #decoder: ReplyDecoder | undefined

  /** @param silenceMsMax a server that was asked and has said nothing for so long is taken to be gone; 0: never */
  constructor(silenceMsMax: number) {
    this.#silenceMsMax = silenceMsMax
  }

  get isOpen(): boolean {
    return this.#socket?.writable === true
  }

  /** Takes over a socket that is ready; until it is closed. */
  attach(socket: Socket): void {
    this.lose('It was replaced.')
    if (socket.destroyed) return
    this.#socket = socket
    this.#decoder = new ReplyDecoder(
      () => this.#requests[0]?.bytes === true,
      (reply) => this.#answered(reply),
    )
    // The decoder of ioredis is the first listener.
    const [decoder] = socket.listeners('data') as ((chunk: Buffer) => void)[]
    if (decoder !== undefined) socket.removeListener('data', decoder)
    socket.on('data', (chunk: Buffer) => this.#received(socket, chunk))
    socket.once('close', () => {
      if (this.#socket === socket) this.lose('The connection was closed.')
    })
  }

  /** Sends all of them at once. Resolves with an answer for each, in order; never rejects. */
  send(commands: readonly RedisCommand[], bytes = false): Promise<readonly RedisAnswer[]> {
    if (commands.length === 0) return Promise.resolve([])
    const socket = this.#socket
    if (socket?.writable !== true) {
      const lost = new ConnectionLost('There is no connection.')
      return Promise.resolve(commands.map(() => lost))
    }
    return new Promise((resolve) => {
      this.#requests.push({ answers: [], count: commands.length, bytes, resolve })
      socket.cork()
      for (const piece of encodeCommands(commands)) socket.write(piece)
      socket.uncork()
      if (this.#silence === undefined) this.#listen()
    })
  }

  /** Gives up the socket: what was not answered is answered by `ConnectionLost`. */
  lose(reason: string): void {
    this.#socket = undefined
    this.#listen()
    const lost = new ConnectionLost(reason)
    for (const { answers, count, resolve } of this.#requests.splice(0)) {
      while (answers.length < count) answers.push(lost)
      resolve(answers)
    }
  }

  #received(socket: Socket, chunk: Buffer): void {
    if (this.#socket !== socket) return
    try {
      this.#decoder?.write(chunk)
    } catch (thrown) {
      socket.destroy(thrown as Error)
      return
    }
    this.#listen()
  }

  #answered(reply: unknown): void {
    const [request] = this.#requests
    if (request === undefined) throw new Error('The server has answered a question that was not asked.')
    request.answers.push(reply)
    if (request.answers.length < request.count) return
    this.#requests.shift()
    request.resolve(request.answers)
  }

  /** From now on the silence of the server counts, if something is expected of it. */
  #listen(): void {
    const socket = this.#socket
    if (socket === undefined || this.#requests.length === 0) {
      clearTimeout(this.#silence)
      this.#silence = undefined
    } else if (this.#silence !== undefined) this.#silence.refresh()
    else if (this.#silenceMsMax > 0) {
      const silent = () => socket.destroy(new Error(`The server has said nothing for ${this.#silenceMsMax} ms.`))
      this.#silence = setTimeout(silent, this.#silenceMsMax)
    }
  }
}
