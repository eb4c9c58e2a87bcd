import type { Codec } from './codec.ts'
import type { JobGraph } from './graph.ts'
import type { PersistenceBackend } from './persistence.ts'

/** The arguments after the job in `run(job, ...)`: none for a job without params. */
export type ParamsOf<P> = [P] extends [void] ? [] : [params: P]

/**
 * A job is code, so every worker imports it; its params are data, so every worker receives a copy.
 * What cannot be structured-cloned belongs in the job module. Made by `defineJob`.
 */
export interface Job<P = void> {
  readonly name: string
  /** `import.meta.url` of the module that exports this job. */
  readonly module: string
  readonly codec?: Codec<unknown>
  persistence?(params: P): PersistenceBackend
  /** Builds and checks the graph. Errors of the job's `build` come out as `ERR_JOB_BUILD`. */
  graph(params: P): JobGraph
}
