import { fileURLToPath } from 'node:url'

/** Where fetched and built services stay between runs. */
export const CACHE = fileURLToPath(new URL('../../../node_modules/.cache/malstrom-services', import.meta.url))
