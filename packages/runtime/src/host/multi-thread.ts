import { MalstromError, type Runtime } from '@malstrom/core'
import { checkWorkerCount } from '../coordinator/check-worker-count.ts'
import { ThreadHost } from '../thread/thread-host.ts'
import { clusterRuntime, type StateLocation } from './cluster-execution.ts'
import { nodeEnvironment } from './node-environment.ts'
import { checkRuntimeOptions, type RuntimeOptions } from './runtime-options.ts'

export interface MultiThreadOptions extends RuntimeOptions {
  /** How many workers there are at first. `Execution.rescale` changes their number. */
  readonly workers: number
  /**
   * A worker from which nothing has been heard for so long counts as lost, and the job goes back to its last snapshot: longer than any
   * function of the job may take for one record.
   *
   * @default 10_000
   */
  readonly workerSilenceMs?: number
  /** Where state is kept, in place of the job's own `persistence`. */
  readonly state?: StateLocation
}

/**
 * Runs jobs on several threads of this process. Each worker imports the module of the job and runs the whole graph on its share of the
 * partitions and keys. This thread coordinates them.
 */
export function multiThread(options: MultiThreadOptions): Runtime {
  const checked = checkRuntimeOptions('multiThread', options, ['workers', 'workerSilenceMs', 'state'])
  const { workers, state } = options
  const silenceMs = checkCluster('multiThread', options)
  return clusterRuntime({ checked, workers, state, host: (data) => new ThreadHost({ data, environment: nodeEnvironment, silenceMs }) })
}

/** The time after which a silent worker is lost. @throws MalstromError */
export function checkCluster(runtime: string, { workers, workerSilenceMs = 10_000 }: MultiThreadOptions): number {
  checkWorkerCount(runtime, workers)
  if (workerSilenceMs >= 1_000 && workerSilenceMs < 2 ** 31) return workerSilenceMs
  throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${runtime}: workerSilenceMs is at least 1000 (not ${workerSilenceMs}).`)
}
