import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { guardOf } from '../guard.ts'

/** Lines of output that are kept to explain a failure. */
const TAIL_CHARACTERS = 8_000

export interface JavaProcess {
  readonly pid: number
  /** Settles when the process has ended, however. */
  readonly ended: Promise<unknown>
  readonly isRunning: boolean
  /** `null` while it runs, or if a signal ended it. */
  readonly exitCode: number | null
  /** The end of what it printed, both streams. */
  output(): string
  kill(signal: NodeJS.Signals): void
}

export interface JavaOptions {
  readonly classPath: string
  /** Further arguments of java itself. */
  readonly flags?: readonly string[]
  /** Megabytes of heap. */
  readonly heapMb: number
  /** Takes what the process prints to standard output. */
  readonly onPrinted?: (text: string) => void
}

/** Quick to start rather than quick. */
const SMALL = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto']

/** Starts a Java class that does not outlive this process, even if that is killed with SIGKILL. */
export function startJava(mainClass: string, args: readonly string[], options: JavaOptions): JavaProcess {
  const { classPath, flags = [], heapMb, onPrinted } = options
  const child = spawn('java', [`-Xmx${heapMb}m`, ...SMALL, ...flags, '-cp', classPath, mainClass, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'close').catch(() => {}) // An error of the start; the output stays empty.
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-TAIL_CHARACTERS)
    })
  }
  if (onPrinted !== undefined) child.stdout.on('data', onPrinted)
  const pid = child.pid
  if (pid === undefined) throw new Error('java could not be started')
  const guard = guardOf(pid)
  ended.then(() => guard.kill('SIGKILL'))
  return {
    pid,
    ended,
    get isRunning() {
      return child.exitCode === null && child.signalCode === null
    },
    get exitCode() {
      return child.exitCode
    },
    output: () => text,
    kill: (signal) => child.kill(signal),
  }
}
