import { keyed } from './keyed.ts'

export const keyed100k = keyed('keyed-100k', 100_000)
