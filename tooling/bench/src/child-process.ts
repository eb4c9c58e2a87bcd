import { spawn } from 'node:child_process'
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
      if (status !== 0) return reject(new Error(`${args.join(' ')} ended with ${signal ?? `exit status ${status}`}.`))
      resolve(text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)])))
    })
  })
}
