import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { childFlags, deathOf, unlessDead } from './child-process.ts'
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
  readonly records: number
  readonly #child: ChildProcess
  readonly #death: Promise<never>

  private constructor(name: string, records: number, child: ChildProcess, death: Promise<never>) {
    this.name = name
    this.records = records
    this.#child = child
    this.#death = death
  }

  /** `module` calls `serve`. */
  static async start(name: string, module: URL, args: readonly string[], flags = childFlags()): Promise<OwnProcess> {
    const child = fork(fileURLToPath(module), args, { execArgv: flags })
    const death = deathOf(child, `The process of ${name}`)
    try {
      const { records } = await answerOf(name, child, death, 'records')
      return new OwnProcess(name, records, child, death)
    } catch (error) {
      child.kill()
      throw error
    }
  }

  async runOnce(): Promise<Run> {
    const answer = answerOf(this.name, this.#child, this.#death, 'run')
    this.#child.send('run')
    return (await answer).run
  }

  end(): void {
    this.#child.kill()
  }
}

async function answerOf<K extends 'records' | 'run'>(
  name: string,
  child: ChildProcess,
  death: Promise<never>,
  kind: K,
): Promise<Extract<Answer, Record<K, unknown>>> {
  const message = once(child, 'message') as Promise<[Answer]>
  const [answer] = await unlessDead(message, death, ANSWER_WITHIN_MS, `The process of ${name} did not answer`)
  if (kind in answer) return answer as Extract<Answer, Record<K, unknown>>
  throw new Error(`The process of ${name} failed: ${'problem' in answer ? answer.problem : `it answered ${JSON.stringify(answer)}`}.`)
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
