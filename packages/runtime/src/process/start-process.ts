import { type ChildProcess, spawn } from 'node:child_process'
import { typeScriptFor } from '../host/typescript.ts'
import type { WorkerData } from '../host/worker-surroundings.ts'

const isFromSource = import.meta.url.endsWith('.ts')

/** Constant text: imports what its arguments name, TypeScript if it must be. */
const BOOTSTRAP = `
const [typescript, setup, job, entry] = process.argv.slice(1)
const start = async () => {
  if (typescript !== '') (await import(typescript)).register()
  if (setup !== '') await (await import(setup)).prepare?.(job)
  await import(entry)
}
start()
`

/** Starts a process that becomes a worker. It says `{}` when it listens. */
export function startProcess({ module, setup }: WorkerData): ChildProcess {
  const entry = new URL(isFromSource ? './worker-process.ts' : './worker-process.js', import.meta.url).href
  const typescript = typeScriptFor(module, isFromSource)
  const conditions = isFromSource ? ['--conditions=@malstrom/source'] : []
  return spawn(process.execPath, [...conditions, '-e', BOOTSTRAP, typescript ?? '', setup ?? '', module, entry], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
    cwd: process.cwd(),
    windowsHide: true,
  })
}
