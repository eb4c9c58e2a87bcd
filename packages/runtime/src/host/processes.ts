import type { Runtime } from '@malstrom/core'
import { checkTransport } from '../process/import-transport.ts'
import { ProcessHost } from '../process/process-host.ts'
import { clusterRuntime } from './cluster-execution.ts'
import { checkCluster, type MultiThreadOptions } from './multi-thread.ts'
import { nodeEnvironment } from './node-environment.ts'
import { checkRuntimeOptions } from './runtime-options.ts'

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
  return clusterRuntime({
    checked,
    workers,
    state,
    host: (data) => new ProcessHost({ data, transport, environment: nodeEnvironment, silenceMs }),
  })
}
