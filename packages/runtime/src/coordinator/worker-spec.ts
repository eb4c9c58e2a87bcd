import type { WorkerId } from '@malstrom/core'
import type { WorkerSpec } from '../worker/start-worker.ts'
import type { GenerationOptions } from './generation-options.ts'
import type { SourceAssignments } from './source-assignments.ts'

export interface WorkerSpecParts {
  readonly options: GenerationOptions
  readonly assignments: SourceAssignments | undefined
  readonly routing: { readonly version: number; readonly workers: readonly WorkerId[] }
  readonly peers: readonly WorkerId[]
  /** Whether it takes part only from the next marker on. */
  readonly joining: boolean
}

/** What a worker is told when it is started. */
export function workerSpec(id: WorkerId, { options, assignments, routing, peers, joining }: WorkerSpecParts): WorkerSpec {
  const { state, waitLimitMs, distributed } = options
  return {
    id,
    generation: state?.store.log.generation ?? 1,
    snapshot: joining ? undefined : state?.restored,
    keepsState: state !== undefined,
    allowMixedKeys: state?.allowMixedKeys ?? [],
    waitLimitMs,
    cluster: distributed ? { routing, peers, joining, assigned: joining ? [] : (assignments?.of(id) ?? []) } : undefined,
  }
}
