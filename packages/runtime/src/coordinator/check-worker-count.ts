import { MalstromError } from '@malstrom/core'

/** Workers that a job may have. */
export const WORKERS_MAX = 256

/** @throws MalstromError `ERR_RESCALE` */
export function checkWorkerCount(job: string, workers: unknown): void {
  if (Number.isInteger(workers) && (workers as number) > 0 && (workers as number) <= WORKERS_MAX) return
  throw new MalstromError(
    'ERR_RESCALE',
    `Job "${job}" cannot run on ${String(workers)} workers: their number is a whole one from 1 to ${WORKERS_MAX}.`,
    {
      context: { job },
    },
  )
}
