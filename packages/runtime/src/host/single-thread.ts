import type { Execution, Job, ParamsOf, PersistenceBackend, Runtime } from '@malstrom/core'
import { JobExecution } from '../coordinator/job-execution.ts'
import { refuseDuringImport } from './import-guard.ts'
import { keepProcessAlive, nodeEnvironment } from './node-environment.ts'
import { checkJob, checkRuntimeOptions, type RuntimeOptions } from './runtime-options.ts'

export interface SingleThreadOptions extends RuntimeOptions {
  /** Where state is kept, in place of the job's own `persistence`. */
  readonly persistence?: PersistenceBackend
}

/** Runs jobs in this thread. Several jobs may run at the same time; they share the thread. */
export function singleThread(options: SingleThreadOptions = {}): Runtime {
  const checked = checkRuntimeOptions('singleThread', options, ['persistence'])
  const start = async <P>(job: Job<P>, ...[params]: ParamsOf<P>): Promise<Execution> => {
    checkJob(job)
    refuseDuringImport(job.name)
    const execution = new JobExecution({
      ...checked,
      graph: () => job.graph(params as P),
      environment: nodeEnvironment,
      backend: options.persistence ?? job.persistence?.(params as P),
      ownsBackend: options.persistence === undefined,
      ended: () => release(),
    })
    const release = keepProcessAlive()
    try {
      await execution.start()
    } catch (error) {
      release()
      throw error
    }
    return execution
  }
  return {
    start,
    run: async (job, ...params) => (await start(job, ...params)).finished,
  }
}
