import { type Codec, type Job, MalstromError, messageOf, type PersistenceBackend } from '@malstrom/core'
import { createFlow, type Flow } from '../stream/flow.ts'

export interface JobDefinition<P> {
  /** Names the job in errors and its saved state. */
  readonly name: string
  /** `import.meta.url`: the module that exports the job, which every worker imports. */
  readonly module: string
  readonly codec?: Codec<unknown>
  persistence?(params: P): PersistenceBackend
  /**
   * Says what the job does. Runs once on every worker, so it must build the same graph each time and
   * have no other effect. Not async: I/O belongs into sources and sinks.
   */
  build(flow: Flow, params: P): void
}

/** Defines a job. Nothing runs until a runtime is given the job. */
export function defineJob<P = void>(definition: JobDefinition<P>): Job<P> {
  const { name, module, build } = definition ?? {}
  if (typeof name !== 'string' || name.trim() === '') {
    throw new MalstromError(
      'ERR_JOB_INVALID',
      'defineJob needs a name: defineJob({ name: "orders", module: import.meta.url, build(flow) { ... } }).',
    )
  }
  if (typeof module !== 'string' || typeof build !== 'function') {
    throw new MalstromError('ERR_JOB_INVALID', `Job "${name}" needs module: import.meta.url, and a function build(flow, params).`, {
      context: { job: name },
    })
  }
  return { ...definition, graph: (params) => buildGraph(definition, params) }
}

function buildGraph<P>(definition: JobDefinition<P>, params: P) {
  const { flow, graph } = createFlow()
  let returned: unknown
  try {
    returned = definition.build(flow, params)
  } catch (cause) {
    if (cause instanceof MalstromError) throw cause
    throw new MalstromError('ERR_JOB_BUILD', `The build function of job "${definition.name}" threw: ${messageOf(cause)}`, {
      cause,
      context: { job: definition.name },
    })
  }
  if (returned instanceof Promise) {
    returned.catch(() => {})
    throw new MalstromError(
      'ERR_JOB_BUILD',
      `The build function of job "${definition.name}" is async. Build the graph synchronously; load what it needs before, and pass it as params.`,
      { context: { job: definition.name } },
    )
  }
  return graph.finish(definition.name)
}
