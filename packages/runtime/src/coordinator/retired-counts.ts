import type { JobGraph } from '@malstrom/core'
import type { WorkerSnapshot } from '../snapshot/snapshot.ts'
import type { WorkerHandle } from '../worker/worker-handle.ts'
import type { WorkerStatus } from '../worker/worker-status.ts'
import { mergeStatus } from './merge-status.ts'

/** What workers counted that are no longer needed: it remains part of the status of the job, and of its snapshots. */
export class RetiredCounts {
  #status: WorkerStatus | undefined
  /** Records written, by sink. */
  readonly #written = new Map<string, number>()
  /** Late records, by source or operator. */
  readonly #late = new Map<string, number>()
  /** Skipped records, by operator. */
  readonly #skipped = new Map<string, number>()

  /** Their status as one; `undefined` if there are none. */
  get status(): WorkerStatus | undefined {
    return this.#status
  }

  /** What they contribute to the snapshot with which they leave, and to none after it. */
  addContributions(contributions: readonly WorkerSnapshot[]): void {
    for (const { sinks, sources, operators } of contributions) {
      for (const { sink, written } of sinks) add(this.#written, sink, written)
      for (const { source, late } of sources) add(this.#late, source, late)
      for (const { operator, late, skipped = 0 } of operators) {
        add(this.#late, operator, late)
        add(this.#skipped, operator, skipped)
      }
    }
  }

  /** How they stood when they ended. */
  addStatuses(graph: JobGraph, workers: readonly Pick<WorkerHandle, 'status'>[]): void {
    const counted = workers.map((worker) => {
      const last = worker.status()
      return { ...last, sources: [], operators: last.operators.map((each) => ({ ...each, keys: 0 })) }
    })
    if (counted.length > 0) this.#status = mergeStatus(graph, counted, this.#status)
  }

  addTo<S extends WorkerSnapshot>(snapshot: S): S {
    if (this.#written.size === 0 && this.#late.size === 0) return snapshot
    const { sinks, sources, operators } = snapshot
    return {
      ...snapshot,
      sinks: sinks.map((each) => ({ ...each, written: each.written + (this.#written.get(each.sink) ?? 0) })),
      sources: sources.map((each) => ({ ...each, late: each.late + (this.#late.get(each.source) ?? 0) })),
      operators: operators.map((each) => ({
        ...each,
        late: each.late + (this.#late.get(each.operator) ?? 0),
        skipped: (each.skipped ?? 0) + (this.#skipped.get(each.operator) ?? 0),
      })),
    }
  }
}

function add(counts: Map<string, number>, name: string, count: number): void {
  counts.set(name, (counts.get(name) ?? 0) + count)
}
