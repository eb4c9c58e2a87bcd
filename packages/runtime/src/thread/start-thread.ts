import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { MalstromError } from '@malstrom/core'
import { findTsx, nodeRunsTypeScript } from '../host/typescript.ts'
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
  const needsTypeScript = (isFromSource || /\.[cm]?ts$/.test(data.module)) && !nodeRunsTypeScript()
  const typescript = needsTypeScript ? findTsx([data.module, import.meta.url]) : undefined
  if (needsTypeScript && typescript === undefined) throw noTypeScript(data.module)
  const conditions = isFromSource && !process.execArgv.some((argument) => argument.includes('@malstrom/source'))
  return new Worker(BOOTSTRAP, {
    eval: true,
    workerData: { ...data, entry, typescript } satisfies ThreadData,
    // Without a list of its own a thread has the flags of this process, also those that it could not be given.
    ...(conditions ? { execArgv: ['--conditions=@malstrom/source'] } : {}),
    name: `malstrom ${data.job}`,
  })
}

function noTypeScript(module: string): MalstromError {
  return new MalstromError(
    'ERR_DEPENDENCY_MISSING',
    `"${fileURLToPath(module)}" is TypeScript, which Node ${process.versions.node} runs with the help of tsx. ` +
      'Install it next to the job: npm install --save-dev tsx. Node 22.18 and later need nothing.',
    { context: { path: module } },
  )
}
