import { MalstromError } from '@malstrom/core'

/** Set while a worker imports the module of its job. */
const state: { importing: string | undefined } = { importing: undefined }

/** Imports the module of a job in a worker: a module that runs a job while it is imported fails. */
export async function importJobModule(module: string): Promise<Record<string, unknown>> {
  state.importing = module
  try {
    return (await import(module)) as Record<string, unknown>
  } finally {
    state.importing = undefined
  }
}

/** @throws MalstromError `ERR_JOB_IMPORT` while a worker imports the module of its job. */
export function refuseDuringImport(job: string): void {
  if (state.importing === undefined) return
  throw new MalstromError(
    'ERR_JOB_IMPORT',
    `The module ${state.importing} runs job "${job}" while a worker imports it, so every worker would run the whole job. Put the call of run or start into another file, or behind a test for being the main module.`,
    { context: { job, path: state.importing } },
  )
}
