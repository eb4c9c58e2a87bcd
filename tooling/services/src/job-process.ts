import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { SOURCE_FLAGS } from './program.ts'

const DEADLINE_MS = 60_000

/** A program in TypeScript, run from source in a process of its own, that is given its settings as JSON. */
export class JobProcess implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown>
  #printed = ''

  constructor(program: string, settings: object) {
    this.#child = spawn(process.execPath, [...SOURCE_FLAGS, program, JSON.stringify(settings)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#closed = once(this.#child, 'close')
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk) => {
        this.#printed += chunk
      })
    }
  }

  get printed(): string {
    return this.#printed
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** What of its output matches, when it has printed that; rejects if it ended without. */
  async said(wanted: RegExp): Promise<RegExpExecArray> {
    const limit = AbortSignal.timeout(DEADLINE_MS)
    for (;;) {
      const found = wanted.exec(this.#printed)
      if (found !== null) return found
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) throw new Error(`It ended without ${wanted}: ${this.#printed}`)
      await Promise.race([once(this.#child.stdout as NodeJS.ReadableStream, 'data', { signal: limit }), this.#closed])
    }
  }

  /** How it ended: its exit code, or the signal that killed it. */
  async ended(): Promise<number | string | null> {
    const late = once(AbortSignal.timeout(DEADLINE_MS), 'abort').then(() => {
      throw new Error(`It did not end in time: ${this.#printed}`)
    })
    await Promise.race([this.#closed, late])
    return this.#child.signalCode ?? this.#child.exitCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#closed
  }
}
