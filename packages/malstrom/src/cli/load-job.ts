import { pathToFileURL } from 'node:url'
import { MalstromError, type Runtime } from '@malstrom/core'
import { type SingleThreadOptions, singleThread } from '@malstrom/runtime'
import type { JobChoice } from './command-line.ts'
import { importError } from './import-error.ts'
import { findJobFile } from './job-file.ts'
import { readParams } from './params.ts'
import { type AnyJob, pickJob } from './pick-job.ts'
import { prepareImport, resolveFrom } from './prepare-import.ts'
import { isMalstromError } from './report-error.ts'

export interface LoadedJob {
  readonly path: string
  readonly job: AnyJob
  readonly params: unknown
}

/** Imports the job file and reads the params. */
export async function loadJob(choice: JobChoice): Promise<LoadedJob> {
  const path = findJobFile(choice.file)
  const params = readParams(choice.params)
  await prepareImport(path)
  let module: Record<string, unknown>
  try {
    module = (await import(pathToFileURL(path).href)) as Record<string, unknown>
  } catch (cause) {
    throw importError(path, cause)
  }
  return { path, job: pickJob(path, module, choice.job), params }
}

/** A build function that reads params which nobody gave fails somewhere in its own code: says so. */
export function withParamsHint(error: unknown, { params, job }: LoadedJob): unknown {
  if (params !== undefined || !isMalstromError(error) || error.code !== 'ERR_JOB_BUILD' || !(error.cause instanceof TypeError)) return error
  return new MalstromError(error.code, `${error.message} Job "${job.name}" was given no params; does it need --params?`, {
    cause: error.cause,
    context: error.context,
  })
}

/**
 * The runtime of the copy of Malstrom that the job at `path` imports. A CLI that is installed globally
 * must not run a job with another version than the job's own: the two would not know each other's types.
 */
export async function runtimeFor(path: string, options: SingleThreadOptions = {}): Promise<Runtime> {
  const own = resolveFrom(path, 'malstrom') ?? resolveFrom(path, '@malstrom/runtime')
  if (own === undefined) return singleThread(options)
  const engine = (await import(pathToFileURL(own).href)) as { singleThread: typeof singleThread }
  return engine.singleThread(options)
}
