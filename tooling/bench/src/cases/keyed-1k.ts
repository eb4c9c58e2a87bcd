import { keyed } from './keyed.ts'

export const keyed1k = keyed('keyed-1k', 1_000)
