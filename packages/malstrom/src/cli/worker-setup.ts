// Imported by every worker that the command line starts, before it imports the job.
import { fileURLToPath } from 'node:url'
import { prepareImport } from './prepare-import.ts'
import { persistenceFromUrl } from './state-url.ts'

/** Makes what the job needs importable in this thread. */
export async function prepare(module: string): Promise<void> {
  await prepareImport(fileURLToPath(module))
}

/** Opens the location that was given with `--state`. */
export const openState = persistenceFromUrl
