import { didYouMean, type Job, MalstromError } from '@malstrom/core'
import { shownPath } from './place.ts'

/** A job whose params the compiler does not know: they come from the command line. */
export type AnyJob = Job<unknown>

const HOW_TO_EXPORT = 'Export one: export default defineJob({ name: "orders", module: import.meta.url, build(flow) { ... } })'

/** The job that a module exports: the one with the name asked for, or the default export, or the only one. */
export function pickJob(path: string, module: Readonly<Record<string, unknown>>, name: string | undefined): AnyJob {
  const jobs = Object.entries(module).filter((entry): entry is [string, AnyJob] => isJob(entry[1]))
  const [first, ...others] = jobs
  if (first === undefined) throw noJob(path, module)
  if (name !== undefined) return namedJob(path, jobs, name)
  if (isJob(module.default)) return module.default
  if (others.every(([, job]) => job === first[1])) return first[1]
  throw new MalstromError(
    'ERR_CLI_USAGE',
    `"${shownPath(path)}" exports several jobs. Say which: ${jobs.map(([exported]) => `--job ${exported}`).join(' or ')}`,
    { context: { path } },
  )
}

/** A job by what it can do, because it may come from another copy of the package than the CLI's. */
function isJob(value: unknown): value is AnyJob {
  const { name, graph } = (value ?? {}) as { name?: unknown; graph?: unknown }
  return typeof value === 'object' && typeof name === 'string' && typeof graph === 'function'
}

function namedJob(path: string, jobs: readonly [string, AnyJob][], name: string): AnyJob {
  const found = jobs.find(([exported]) => exported === name) ?? jobs.find(([, job]) => job.name === name)
  if (found !== undefined) return found[1]
  const names = [...new Set(jobs.flatMap(([exported, job]) => [exported, job.name]))]
  const list = jobs.map(([exported, job]) => (exported === job.name ? exported : `${exported} ("${job.name}")`)).join(', ')
  throw new MalstromError('ERR_CLI_USAGE', `"${shownPath(path)}" exports no job "${name}", but ${list}.${didYouMean(name, names)}`, {
    context: { path },
  })
}

function noJob(path: string, module: Readonly<Record<string, unknown>>): MalstromError {
  const exported = Object.entries(module).map(([name, value]) => `${name} (${kindOf(value)})`)
  const what = exported.length === 0 ? 'exports nothing' : `exports no job, only ${exported.join(', ')}`
  return new MalstromError('ERR_JOB_INVALID', `"${shownPath(path)}" ${what}. ${HOW_TO_EXPORT}`, { context: { path } })
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (value instanceof Promise) return 'a promise'
  return Array.isArray(value) ? 'array' : typeof value
}
