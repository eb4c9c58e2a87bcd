import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** The flags of this process, for one that it starts. */
export function childFlags(): string[] {
  const flags = process.execArgv.filter((flag) => !flag.startsWith('--cpu-prof'))
  return flags.includes('--expose-gc') ? flags : [...flags, '--expose-gc']
}

/**
 * Runs `module` in a process of its own, with the flags of this one, and returns what it printed as
 * JSON lines. Standard error passes through; an exit status other than 0 is an error.
 */
export function runChild(module: URL, args: readonly string[]): Promise<unknown[]> {
  const child = spawn(process.execPath, [...childFlags(), fileURLToPath(module), ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status, signal) => {
      if (status !== 0) return reject(new Error(endOf(args.join(' '), status, signal)))
      resolve(text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)])))
    })
  })
}

/** Rejects when the process ends; `who` begins the message. */
export function deathOf(child: ChildProcess, who: string): Promise<never> {
  const death = once(child, 'exit').then(([status, signal]) => {
    throw new Error(endOf(who, status, signal))
  })
  death.catch(() => {}) // Whoever waits is told.
  return death
}

/** What `answer` gives, unless the process ends or `ms` milliseconds go by before. `undone` is what it did not do then, and begins the message. */
export async function unlessDead<T>(answer: Promise<T>, death: Promise<never>, ms: number, undone: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${undone} within ${ms} ms.`)), ms)
  })
  return await Promise.race([answer, death, late]).finally(() => clearTimeout(timer))
}

function endOf(who: string, status: number | null, signal: string | null): string {
  return `${who} ended with ${signal ?? `exit status ${status}`}.`
}
