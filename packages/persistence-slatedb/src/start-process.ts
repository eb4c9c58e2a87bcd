import { type ChildProcess, fork } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { ProcessOptions } from './process/messages.ts'

/** Starts `process/database-process`, compiled or from source. It does not keep this process alive. */
export function startProcess(options: ProcessOptions, environment: Readonly<Record<string, string>>): ChildProcess {
  const isSource = import.meta.url.endsWith('.ts')
  const entry = new URL(`./process/database-process.${isSource ? 'ts' : 'js'}`, import.meta.url)
  const child = fork(fileURLToPath(entry), [JSON.stringify(options)], {
    env: { ...process.env, ...environment },
    execArgv: isSource ? typescriptLoader() : [],
    serialization: 'advanced',
  })
  child.unref()
  child.channel?.unref()
  return child
}

/** What Node needs for TypeScript; by a name that is resolved here, because nothing that is published needs it. */
function typescriptLoader(): string[] {
  if ('typescript' in process.features && process.features.typescript !== false) return []
  return ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href]
}
