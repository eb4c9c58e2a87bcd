import { fileURLToPath, pathToFileURL } from 'node:url'
import { MalstromError, type Runtime } from '@malstrom/core'
import { cluster, joinCluster, multiThread, processes, singleThread } from '@malstrom/runtime'
import type { JobChoice, StateChoice } from './command-line.ts'
import { importError } from './import-error.ts'
import { findJobFile } from './job-file.ts'
import { readParams } from './params.ts'
import { type AnyJob, pickJob } from './pick-job.ts'
import { prepareImport, resolveFrom } from './prepare-import.ts'
import { isMalstromError } from './report-error.ts'
import { persistenceFromUrl } from './state-url.ts'

/** What connects processes. */
const TRANSPORT = '@malstrom/transport-zeromq'

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
export async function runtimeFor(
  path: string,
  { workers, processes: count }: { readonly workers: number | undefined; readonly processes: number | undefined },
  state: StateChoice,
): Promise<Runtime> {
  const engine = await engineOf(path)
  const { url } = state
  if (workers === undefined && count === undefined)
    return engine.singleThread({ ...startOptions(state), ...(url === undefined ? {} : { persistence: await persistenceFromUrl(url) }) })
  const inWorkers = workersOptions(state)
  if (count === undefined) return engine.multiThread({ ...inWorkers, workers: workers as number })
  return engine.processes({ ...inWorkers, workers: count, transport: transportFor(path) })
}

/** The engine of the copy of Malstrom that the job at `path` imports. */
export async function engineOf(path: string): Promise<Engine> {
  const own = resolveFrom(path, 'malstrom') ?? resolveFrom(path, '@malstrom/runtime')
  if (own === undefined) return { singleThread, multiThread, processes, cluster, joinCluster }
  return (await import(pathToFileURL(own).href)) as Engine
}

/** What the job goes on from, and how its state is opened in every worker. */
export function workersOptions(state: StateChoice) {
  const module = new URL(import.meta.url.endsWith('.ts') ? './worker-setup.ts' : './worker-setup.js', import.meta.url).href
  return { ...startOptions(state), state: { module, ...(state.url === undefined ? {} : { location: state.url }) } }
}

function startOptions({ snapshotIntervalMs, snapshotTimeoutMs, restoreVersion, allowDropped, allowMixedKeys }: StateChoice) {
  return {
    ...(snapshotIntervalMs === undefined ? {} : { snapshotIntervalMs }),
    ...(snapshotTimeoutMs === undefined ? {} : { snapshotTimeoutMs }),
    ...(restoreVersion === undefined ? {} : { restoreVersion }),
    allowDropped,
    allowMixedKeys,
  }
}

/** The module that connects processes, as the job at `path` or the CLI finds it. @throws MalstromError `ERR_DEPENDENCY_MISSING` */
export function transportFor(path: string): string {
  const transport = resolveFrom(path, TRANSPORT) ?? resolveFrom(fileURLToPath(import.meta.url), TRANSPORT)
  if (transport !== undefined) return pathToFileURL(transport).href
  throw new MalstromError(
    'ERR_DEPENDENCY_MISSING',
    `Processes are connected by ${TRANSPORT}. Install it next to the job: npm install ${TRANSPORT}.`,
  )
}

interface Engine {
  readonly singleThread: typeof singleThread
  readonly multiThread: typeof multiThread
  readonly processes: typeof processes
  readonly cluster: typeof cluster
  readonly joinCluster: typeof joinCluster
}
