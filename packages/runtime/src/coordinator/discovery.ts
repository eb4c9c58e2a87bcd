import { type JobGraph, type Key, type SourceNode, sameKey, type WorkerId } from '@malstrom/core'
import { listPartitions } from '../source/list-partitions.ts'
import type { Environment } from '../worker/environment.ts'
import type { WorkerHandle } from '../worker/worker-handle.ts'
import type { WorkerStatus } from '../worker/worker-status.ts'

/** After so many failures in a row, that partitions cannot be listed fails the job. */
const FAILURES_MAX = 10

export interface DiscoveryOptions {
  readonly graph: JobGraph
  readonly environment: Environment
  readonly waitLimitMs: number
  /** The partitions that are read. */
  known(source: string): readonly Key[]
  /** Has partitions read that were not known. */
  found(source: string, partitions: readonly Key[]): Promise<void>
  failed(error: unknown): void
}

/** Looks for new partitions of sources while the job runs, as often as the sources say (`discoveryMs`). */
export class Discovery {
  readonly #options: DiscoveryOptions
  readonly #cancels = new Map<SourceNode, () => void>()
  #stopped = false

  constructor(options: DiscoveryOptions) {
    this.#options = options
  }

  /** Begins anew, if it had been started before. */
  start(): void {
    this.#stopped = false
    for (const node of this.#options.graph.nodes) if (node.role === 'source') this.#schedule(node, 0)
  }

  stop(): void {
    this.#stopped = true
    for (const cancel of this.#cancels.values()) cancel()
  }

  #schedule(node: SourceNode, failures: number): void {
    const { discoveryMs } = node.source
    this.#cancels.get(node)?.()
    if (discoveryMs === undefined || !Number.isFinite(discoveryMs) || this.#stopped) return
    const cancel = this.#options.environment.after(discoveryMs, async () => this.#schedule(node, await this.#look(node, failures)))
    this.#cancels.set(node, cancel)
  }

  /** Returns how many times in a row it has failed. An outage that ends soon is the business of the partitions. */
  async #look(node: SourceNode, failures: number): Promise<number> {
    const { graph, known, found, failed } = this.#options
    try {
      const listed = await listPartitions(node, { ...this.#options, job: graph.name })
      if (this.#stopped) return 0
      const before = known(node.name)
      const fresh = listed.filter((partition) => !before.some((key) => sameKey(key, partition)))
      if (fresh.length > 0) await found(node.name, fresh)
      return 0
    } catch (error) {
      if (failures + 1 >= FAILURES_MAX) failed(error)
      return failures + 1
    }
  }
}

/** The partitions of a source that workers read. */
export function partitionsIn({ sources }: Pick<WorkerStatus, 'sources'>, source: string): readonly Key[] {
  return sources.flatMap((report) => (report.source === source ? [report.partition] : []))
}

/**
 * Divides partitions among the workers that read others of the same source, which has not come to its end there: a worker that
 * has none has told everybody that nothing comes from it. `loadOf` is how many of its partitions a worker reads.
 */
export function shareOut(
  source: string,
  partitions: readonly Key[],
  workers: readonly WorkerHandle[],
  loadOf: (worker: WorkerId) => number,
): [Key, WorkerHandle][] {
  const loads = new Map<WorkerHandle, number>()
  for (const worker of workers) {
    const reads = worker.status().sources.some((report) => report.source === source && report.state !== 'finished')
    if (reads) loads.set(worker, loadOf(worker.id))
  }
  return partitions.flatMap((partition): [Key, WorkerHandle][] => {
    const [least] = [...loads].sort(([, a], [, b]) => a - b)
    if (least === undefined) return []
    loads.set(least[0], least[1] + 1)
    return [[partition, least[0]]]
  })
}
