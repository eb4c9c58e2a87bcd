import type { BenchCase } from './bench-case.ts'
import { keyed1k } from './keyed-1k.ts'
import { keyed100k } from './keyed-100k.ts'
import { pipeline5 } from './pipeline-5.ts'
import { pipeline5Objects } from './pipeline-5-objects.ts'
import { pipeline10 } from './pipeline-10.ts'
import { wordcount } from './wordcount.ts'

/** Every pipeline that is measured against the hand-written loop and the peers. */
// biome-ignore lint/suspicious/noExplicitAny: each case fits its own value type
export const benchCases: readonly BenchCase<any>[] = [pipeline5, pipeline10, pipeline5Objects, keyed1k, keyed100k, wordcount]
