import { type Job, MalstromError } from '@malstrom/core'

/** The job of a name that a module exports. @throws MalstromError `ERR_JOB_NOT_FOUND` */
export function findJob(module: string, exported: Readonly<Record<string, unknown>>, name: string): Job<unknown> {
  const jobs = Object.values(exported).filter(isJob)
  const found = jobs.find((job) => job.name === name)
  if (found !== undefined) return found
  const names = [...new Set(jobs.map((job) => `"${job.name}"`))].join(', ') || 'none'
  throw new MalstromError(
    'ERR_JOB_NOT_FOUND',
    `Workers import job "${name}" from ${module}, which exports ${names}. Export the job there, and give defineJob that file as module: import.meta.url.`,
    { context: { job: name, path: module } },
  )
}

function isJob(value: unknown): value is Job<unknown> {
  const { name, graph } = (value ?? {}) as { name?: unknown; graph?: unknown }
  return typeof value === 'object' && typeof name === 'string' && typeof graph === 'function'
}
