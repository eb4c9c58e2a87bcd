import type { ChildProcess } from 'node:child_process'
import { type MalstromError, messageOf, type Outcome } from '@malstrom/core'
import type { Answers, Call, Failure, Reply } from './process/messages.ts'
import { slateDbError } from './slatedb-error.ts'
import type { SlateDbSettings } from './slatedb-options.ts'
import { startProcess } from './start-process.ts'

/** What a large object may take longer. */
const BYTES_PER_MS = 1_000

interface Waiting {
  readonly task: string
  readonly outcome: Outcome
  readonly timer: NodeJS.Timeout
  resolve(value: unknown): void
  reject(error: MalstromError): void
}

/**
 * Asks the process of the databases, and waits for the answer, but not for ever: SlateDB itself tries again without end. When a deadline has
 * passed the process is killed. Then nothing that was asked can still happen later, and the next `open` starts with a new one.
 */
export class ProcessLink {
  readonly #settings: SlateDbSettings
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  #lastId = 0
  #failure: Failure | undefined

  constructor(settings: SlateDbSettings, binding: string) {
    this.#settings = settings
    const { url, flushIntervalMs, refreshIntervalMs, environment } = settings
    this.#child = startProcess({ url, flushIntervalMs, refreshIntervalMs, binding }, environment)
    this.#child.on('message', (reply: Reply) => this.#receive(reply))
    this.#child.on('error', (error) => this.#fail({ kind: 'Process', message: messageOf(error) }))
    this.#child.on('exit', (code, signal) => this.#fail({ kind: 'Process', message: `its process has ended (${signal ?? code})` }))
  }

  /** Whether a new process is needed. */
  get hasFailed(): boolean {
    return this.#failure !== undefined
  }

  /** `task` completes "trying to". */
  call<C extends Call>(task: string, call: C): Promise<Answers[C['operation']]> {
    // Reading, opening and closing may be done again; of a write that was not answered nothing is known.
    const outcome = call.operation === 'write' || call.operation === 'delete' ? 'unknown' : 'failed'
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(slateDbError(this.#settings, task, this.#failure, 'failed'))
        return
      }
      const id = ++this.#lastId
      const bytes = call.operation === 'write' ? call.bytes.byteLength : 0
      const timer = setTimeout(() => this.#expire(id), this.#settings.callTimeoutMs + Math.ceil(bytes / BYTES_PER_MS))
      this.#waiting.set(id, { task, outcome, timer, resolve: resolve as (value: unknown) => void, reject })
      this.#child.send({ id, call })
    })
  }

  #receive(reply: Reply): void {
    if (reply.id === undefined) {
      this.#fail(reply.failure)
      return
    }
    const waiting = this.#take(reply.id)
    if (waiting === undefined) return // Its deadline has passed.
    if ('value' in reply) waiting.resolve(reply.value)
    else waiting.reject(slateDbError(this.#settings, waiting.task, reply.failure, waiting.outcome))
  }

  /** Closes all databases, and ends the process. */
  async end(): Promise<void> {
    if (this.#failure !== undefined) return
    await this.call('close', { operation: 'end' })
    this.#failure = { kind: 'Closed', message: 'closed' }
    this.#child.disconnect()
  }

  #expire(id: number): void {
    const { callTimeoutMs } = this.#settings
    const waiting = this.#take(id)
    const failure = { kind: 'Deadline', message: `no answer within ${callTimeoutMs} ms` }
    waiting?.reject(slateDbError(this.#settings, waiting.task, failure, waiting.outcome))
    this.#fail({ kind: 'Process', message: 'an earlier call was not answered in time, so its process was ended' })
  }

  #fail(failure: Failure): void {
    this.#failure ??= failure
    this.#child.kill('SIGKILL')
    for (const id of [...this.#waiting.keys()]) {
      const waiting = this.#take(id)
      waiting?.reject(slateDbError(this.#settings, waiting.task, this.#failure, waiting.outcome))
    }
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    clearTimeout(waiting?.timer)
    this.#waiting.delete(id)
    return waiting
  }
}
