import { recover } from '../client/persist.ts'
import {
  ConnectionLost,
  type RedisAnswer,
  type RedisArgument,
  type RedisCommand,
  type RedisPort,
  RedisRefusal,
} from '../client/redis-port.ts'

/** What goes out together. */
const BATCH_RECORDS_MAX = 512
const BATCH_BYTES_MAX = 256 * 1024
/** Batches on their way: while the server works on one, the next one is made and sent. */
const BATCHES_IN_FLIGHT = 2

export interface CommandWriterOptions {
  readonly port: RedisPort
  /** How much may wait for the server. */
  readonly bufferBytesMax: number
  /** The commands for what was pushed; called once for each record, in order. */
  commandsOf(records: readonly (readonly RedisArgument[])[]): readonly RedisCommand[]
  /** What is wrong with an answer; `undefined` if it is right. Without it every refusal is wrong. */
  check?(answer: RedisAnswer): Error | undefined
  /** Whether an answer says that what was sent before is not there yet; it is sent again behind that. */
  isTooEarly?(answer: RedisAnswer): boolean
}

interface Batch {
  readonly commands: readonly RedisCommand[]
  readonly bytes: number
}

interface Sent {
  readonly batch: Batch
  /** What was not answered, and why. */
  readonly left: readonly RedisCommand[]
  readonly reason: Error | undefined
  /** What is wrong with the first wrong answer. */
  readonly problem: Error | undefined
}

/**
 * Makes commands of records and sends them in order, in pipelines. When the connection breaks, what was not answered is sent again when it is back, before anything
 * else: every command takes effect at least once, and the last of each in the order in which they came.
 */
export class CommandWriter {
  readonly #options: CommandWriterOptions
  #waiting: (readonly RedisArgument[])[] = []
  #waitingBytes = 0
  #batches: Batch[] = []
  /** All that was pushed and has not been answered. */
  #bytes = 0
  #working: Promise<void> | undefined
  #isScheduled = false
  #isStopped = false
  /** A batch on its way was not answered. */
  #isBroken = false
  #failure: { readonly reason: unknown } | undefined

  constructor(options: CommandWriterOptions) {
    this.#options = options
  }

  get saturated(): boolean {
    return this.#bytes >= this.#options.bufferBytesMax
  }

  push(record: readonly RedisArgument[]): void {
    if (this.#failure !== undefined) throw this.#failure.reason
    const bytes = sizeOf(record)
    this.#waiting.push(record)
    this.#waitingBytes += bytes
    this.#bytes += bytes
    if (this.#waiting.length >= BATCH_RECORDS_MAX || this.#waitingBytes >= BATCH_BYTES_MAX) {
      this.#closeBatch()
      this.#start()
    } else if (!this.#isScheduled && this.#working === undefined) {
      this.#isScheduled = true
      setImmediate(this.#onTurnEnd)
    }
  }

  /** Resolves when every command has been answered; rejects if one was refused. */
  async flush(): Promise<void> {
    while (this.#failure === undefined && (this.#bytes > 0 || this.#working !== undefined)) {
      this.#start()
      await this.#working
    }
    if (this.#failure !== undefined) throw this.#failure.reason
  }

  /** Drops what waits. */
  stop(): void {
    this.#isStopped = true
    this.#waiting = []
    this.#batches = []
    this.#bytes = 0
  }

  readonly #onTurnEnd = () => {
    this.#isScheduled = false
    this.#start()
  }

  #start(): void {
    if (this.#working === undefined && !this.#isStopped && this.#failure === undefined && this.#bytes > 0) this.#working = this.#work()
  }

  #closeBatch(): void {
    if (this.#waiting.length === 0) return
    this.#batches.push({ commands: this.#options.commandsOf(this.#waiting), bytes: this.#waitingBytes })
    this.#waiting = []
    this.#waitingBytes = 0
  }

  /** Never rejects: a failure is kept for the next `push` or `flush`. */
  async #work(): Promise<void> {
    const inFlight: Promise<Sent>[] = []
    try {
      for (;;) {
        // Behind a batch that was lost nothing may overtake it over the next connection.
        while (inFlight.length < BATCHES_IN_FLIGHT && !this.#isBroken) {
          if (this.#batches.length === 0) this.#closeBatch()
          const batch = this.#batches.shift()
          if (batch === undefined) break
          inFlight.push(this.#send(batch, batch.commands))
        }
        const first = inFlight.shift()
        if (first === undefined) return
        const sent = await first
        if (sent.left.length === 0) this.#answered(sent)
        else await this.#sendAgain([sent, ...(await Promise.all(inFlight.splice(0)))])
      }
    } catch (reason) {
      if (!this.#isStopped) this.#failure ??= { reason }
    } finally {
      await Promise.all(inFlight)
      this.#working = undefined
    }
  }

  async #sendAgain(unanswered: readonly Sent[]): Promise<void> {
    for (let sent of unanswered) {
      for (let tried = 1; sent.left.length > 0 && sent.problem === undefined; tried++) {
        if (sent.reason !== undefined) await recover(this.#options.port, sent.reason, tried)
        sent = await this.#send(sent.batch, sent.left, true)
      }
      this.#answered(sent)
    }
    this.#isBroken = false
  }

  /** Never rejects. `isNext`: everything before it has been answered. */
  async #send(batch: Batch, commands: readonly RedisCommand[], isNext = false): Promise<Sent> {
    const { port, check = refusalIn, isTooEarly } = this.#options
    const answers = await port.pipeline(commands)
    const left: RedisCommand[] = []
    let reason: Error | undefined
    let problem: Error | undefined
    for (let i = 0; i < commands.length; i++) {
      const answer = answers[i]
      if (answer instanceof ConnectionLost || (answer instanceof RedisRefusal && answer.isTemporary)) {
        left.push(commands[i] as RedisCommand)
        reason ??= answer
      } else if (!isNext && isTooEarly?.(answer) === true) left.push(commands[i] as RedisCommand)
      else problem ??= check(answer)
    }
    if (left.length > 0) this.#isBroken = true
    return { batch, left, reason, problem }
  }

  #answered({ batch, problem }: Sent): void {
    if (problem !== undefined) throw problem
    this.#bytes = Math.max(0, this.#bytes - batch.bytes)
  }
}

function refusalIn(answer: RedisAnswer): Error | undefined {
  return answer instanceof Error ? answer : undefined
}

function sizeOf(record: readonly RedisArgument[]): number {
  let bytes = 0
  for (const argument of record) bytes += argument.length + ARGUMENT_BYTES
  return bytes
}

/** What an argument takes beside its content, about. */
const ARGUMENT_BYTES = 8
