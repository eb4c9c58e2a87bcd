import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href

/** What Node is given in front of a program in TypeScript, if all that it imports is to come from source. */
export const SOURCE_FLAGS: readonly string[] = ['--conditions=@malstrom/source', '--import', tsx]

/**
 * What Node is given in front of a program in TypeScript that imports Malstrom's packages, and nothing inside them. `pnpm test` builds
 * first and says so: then they are what users import, which also loads faster. Otherwise they come from source, never older than the test.
 */
export const PROGRAM_FLAGS: readonly string[] = process.env.MALSTROM_BUILT === '1' ? ['--import', tsx] : SOURCE_FLAGS
