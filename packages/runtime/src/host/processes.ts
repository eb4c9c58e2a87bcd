import type { Job, ParamsOf, Runtime } from '@malstrom/core'
import { checkTransport } from '../process/import-transport.ts'
import { ProcessHost } from '../process/process-host.ts'
import { startCluster } from './cluster-execution.ts'
import { refuseDuringImport } from './import-guard.ts'
import { checkCluster, type MultiThreadOptions } from './multi-thread.ts'
import { nodeEnvironment } from './node-environment.ts'
import { checkJob, checkRuntimeOptions } from './runtime-options.ts'

export interface ProcessesOptions extends MultiThreadOptions {
  /** The module of the package that connects the processes: `import.meta.resolve('@malstrom/transport-zeromq')`. */
  readonly transport: string
}

/**
 * Runs jobs on several processes of this machine, which end with this one. As with threads, each worker imports the module of the job and runs the whole
 * graph on its share; other than a thread, a process that dies, runs out of memory or is killed takes nothing else with it.
 */
export function processes(options: ProcessesOptions): Runtime {
  const checked = checkRuntimeOptions('processes', options, ['workers', 'workerSilenceMs', 'state', 'transport'])
  const { workers, state, transport } = options
  const silenceMs = checkCluster('processes', options)
  checkTransport('processes', transport)
  const start = async <P>(job: Job<P>, ...[params]: ParamsOf<P>) => {
    checkJob(job)
    refuseDuringImport(job.name)
    return startCluster({
      job: job as Job<unknown>,
      params,
      checked,
      workers,
      state,
      host: (data) => new ProcessHost({ data, transport, environment: nodeEnvironment, silenceMs }),
    })
  }
  return { start, run: async (job, ...params) => (await start(job, ...params)).finished }
}
