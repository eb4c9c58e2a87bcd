import { checkOptionNames, type Execution, type Job, MalstromError, type ParamsOf, type Runtime } from '@malstrom/core'
import { canCompile } from '../compile/compile-task.ts'
import { Worker } from '../worker/worker.ts'
import { keepProcessAlive, nodeEnvironment } from './node-environment.ts'

export interface SingleThreadOptions {
  /**
   * `compiled`: each task becomes one generated function. `interpreted`: the same work without
   * generated code, several times slower. `auto`: compiled where the process allows code from strings.
   *
   * @default 'auto'
   */
  readonly tasks?: 'auto' | 'compiled' | 'interpreted'
  /**
   * How long a source or a sink may take to open, to flush or to close before the job fails with
   * `ERR_TIMEOUT`.
   *
   * @default 60_000
   */
  readonly waitLimitMs?: number
}

/** Runs jobs in this thread. Several jobs may run at the same time; they share the thread. */
export function singleThread(options: SingleThreadOptions = {}): Runtime {
  const { tasks = 'auto', waitLimitMs = 60_000 } = options
  checkOptionNames('singleThread', options, ['tasks', 'waitLimitMs'])
  if (!['auto', 'compiled', 'interpreted'].includes(tasks) || !(waitLimitMs > 0 && waitLimitMs < 2 ** 31)) {
    throw new MalstromError(
      'ERR_OPERATOR_ARGUMENT',
      `singleThread: tasks is auto, compiled or interpreted (not ${tasks}); waitLimitMs is above 0 (not ${waitLimitMs}).`,
    )
  }
  const start = async <P>(job: Job<P>, ...[params]: ParamsOf<P>): Promise<Execution> => {
    checkJob(job)
    const worker = new Worker({
      graph: job.graph(params as P),
      workerId: 0,
      generation: 1,
      environment: nodeEnvironment,
      waitLimitMs,
      interpret: tasks === 'interpreted' || (tasks === 'auto' && !canCompile()),
    })
    // A promise of its own: if the job fails and nobody listens, Node reports it as unhandled.
    const finished = worker.finished.finally(keepProcessAlive())
    try {
      await worker.start()
    } catch (error) {
      finished.catch(() => {}) // It rejects with the same error.
      throw error
    }
    const cancel = () => {
      finished.catch(() => {}) // Whoever cancels hears of it from `cancel`.
      return worker.cancel()
    }
    return { finished, status: () => worker.status(), cancel, [Symbol.asyncDispose]: cancel }
  }
  return {
    start,
    run: async (job, ...params) => (await start(job, ...params)).finished,
  }
}

function checkJob(job: unknown): void {
  if (typeof (job as Job | undefined)?.graph === 'function') return
  throw new MalstromError('ERR_JOB_INVALID', 'A runtime runs what defineJob returns, and was given something else.')
}
