import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { childFlags } from './child-process.ts'
import { type Contestant, type RemoteContestant, type Run, runOnce } from './rounds.ts'

/** Until it is ready, and for each run. */
const ANSWER_WITHIN_MS = 120_000

type Answer = { readonly records: number } | { readonly run: Run } | { readonly problem: string }

/**
 * A contestant in a process of its own, which runs when it is asked to. For those who make much garbage: in a process that several share, a
 * collection of the whole heap falls into the run of whoever comes next, and every small collection looks through the pages of all.
 */
export class OwnProcess implements RemoteContestant {
  readonly name: string
  readonly #child: ChildProcess
  #records = 0

  private constructor(name: string, child: ChildProcess) {
    this.name = name
    this.#child = child
  }

  /** `module` calls `serve`. */
  static async start(name: string, module: URL, args: readonly string[], flags = childFlags()): Promise<OwnProcess> {
    const started = new OwnProcess(name, fork(fileURLToPath(module), args, { execArgv: flags }))
    try {
      started.#records = (await started.#answer('records')).records
      return started
    } catch (error) {
      started.end()
      throw error
    }
  }

  get records(): number {
    return this.#records
  }

  async runOnce(): Promise<Run> {
    const answer = this.#answer('run')
    this.#child.send('run')
    return (await answer).run
  }

  end(): void {
    this.#child.kill()
  }

  #answer<K extends 'records' | 'run'>(kind: K): Promise<Extract<Answer, Record<K, unknown>>> {
    const child = this.#child
    return new Promise((resolve, reject) => {
      const settle = (action: () => void) => {
        clearTimeout(timer)
        child.removeAllListeners()
        action()
      }
      const fail = (problem: string) => settle(() => reject(new Error(`The process of ${this.name} ${problem}.`)))
      const timer = setTimeout(() => fail(`has not answered for ${ANSWER_WITHIN_MS / 1_000} s`), ANSWER_WITHIN_MS)
      child.on('exit', (status, signal) => fail(`ended with ${signal ?? `exit status ${status}`}`))
      child.on('error', (error) => fail(`failed: ${error.message}`))
      child.on('message', (answer: Answer) => {
        if (kind in answer) settle(() => resolve(answer as Extract<Answer, Record<K, unknown>>))
        else fail(`failed: ${'problem' in answer ? answer.problem : `it answered ${JSON.stringify(answer)}`}`)
      })
    })
  }
}

/** The other side: runs the contestant when the process that has started this one asks for it. What is collected meanwhile is its own garbage. */
export function serve(contestant: Contestant): void {
  const answer = (message: Answer) => process.send?.(message)
  process.on('message', () => {
    runOnce(contestant).then(
      (run) => answer({ run: { ...run, collected: false } }),
      (error) => answer({ problem: String(error) }),
    )
  })
  answer({ records: contestant.records })
}
