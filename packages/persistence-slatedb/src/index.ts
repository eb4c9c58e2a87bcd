export type { SlateDbOptions } from './slatedb-options.ts'
export { slateDbPersistence } from './slatedb-persistence.ts'
