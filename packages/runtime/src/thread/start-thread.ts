import { Worker } from 'node:worker_threads'
import { typeScriptFor } from '../host/typescript.ts'
import type { ThreadData } from './messages.ts'

const isFromSource = import.meta.url.endsWith('.ts')

/** Constant text: imports what the thread is given, TypeScript if it must be. */
const BOOTSTRAP = `
const { workerData } = require('node:worker_threads')
const start = async () => {
  if (workerData.typescript !== undefined) (await import(workerData.typescript)).register()
  if (workerData.setup !== undefined) await (await import(workerData.setup)).prepare?.(workerData.module)
  await import(workerData.entry)
}
start()
`

/** Starts a thread that becomes a worker. */
export function startThread(data: Omit<ThreadData, 'entry' | 'typescript'>): Worker {
  const entry = new URL(isFromSource ? './worker-thread.ts' : './worker-thread.js', import.meta.url).href
  const typescript = typeScriptFor(data.module, isFromSource)
  const conditions = isFromSource && !process.execArgv.some((argument) => argument.includes('@malstrom/source'))
  return new Worker(BOOTSTRAP, {
    eval: true,
    workerData: { ...data, entry, typescript } satisfies ThreadData,
    // Without a list of its own a thread has the flags of this process, also those that it could not be given.
    ...(conditions ? { execArgv: ['--conditions=@malstrom/source'] } : {}),
    name: `malstrom ${data.job}`,
  })
}
