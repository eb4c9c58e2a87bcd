import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { deathOf, unlessDead } from '../child-process.ts'
import type { SoakCommand, SoakMessage, SoakReport, SoakSample } from './soak-process.ts'

const START_MS_MAX = 60_000
const END_MS_MAX = 60_000

/** The process of soak-process.ts, which ends with this one. */
export class JobProcess {
  readonly samples: (SoakSample & { readonly at: number })[] = []
  readonly running: Promise<void>
  /** Rejects if it ends before it has reported. */
  readonly died: Promise<never>
  readonly #measured: Promise<void>
  readonly #report: Promise<SoakReport>
  readonly #child: ChildProcess

  constructor(url: string, folder: string) {
    const child = fork(fileURLToPath(new URL('./soak-process.ts', import.meta.url)), [url, folder], {
      execArgv: [...new Set([...process.execArgv, '--expose-gc'])],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.#child = child
    let running = () => {}
    let measured = () => {}
    let report = (_: SoakReport) => {}
    const started = new Promise<void>((resolve) => {
      running = resolve
    })
    this.#measured = new Promise((resolve) => {
      measured = resolve
    })
    this.#report = new Promise((resolve) => {
      report = resolve
    })
    child.on('message', (message: SoakMessage) => {
      if (message === 'running') running()
      else if (message === 'measured') measured()
      else if ('sample' in message) this.samples.push({ at: performance.now(), ...message.sample })
      else report(message.report)
    })
    this.died = deathOf(child, 'The process of the job')
    this.running = this.#within(started, START_MS_MAX, 'start')
  }

  tell(command: SoakCommand): void {
    this.#child.send(command)
  }

  measure(): Promise<void> {
    this.tell('measure')
    return this.#within(this.#measured, END_MS_MAX, 'measure itself')
  }

  end(): Promise<SoakReport> {
    this.tell('end')
    return this.#within(this.#report, END_MS_MAX, 'end')
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  #within<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
    return unlessDead(promise, this.died, ms, `The process of the job did not ${what}`)
  }
}
