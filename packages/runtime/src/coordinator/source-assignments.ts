import { type JobGraph, type Key, type SourceNode, sameKey, type WorkerId } from '@malstrom/core'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { listPartitions } from '../source/list-partitions.ts'
import type { AssignedPartition } from '../source/source-station.ts'
import type { Environment } from '../worker/environment.ts'
import type { ClusterSpec } from '../worker/start-worker.ts'
import type { PartitionMove } from '../worker/worker-handle.ts'
import { type Assignment, assignPartitions, movesBetween } from './assign-partitions.ts'

export interface SourceAssignmentsOptions {
  readonly graph: JobGraph
  readonly environment: Environment
  readonly waitLimitMs: number
  readonly snapshot: Snapshot | undefined
}

/** Which worker reads which partition, for all sources of a job. */
export class SourceAssignments {
  readonly #options: SourceAssignmentsOptions
  readonly #partitions = new Map<string, readonly Key[]>()
  #assigned: readonly Assignment[] = []

  private constructor(options: SourceAssignmentsOptions) {
    this.#options = options
  }

  /** Asks the sources for their partitions and divides them. */
  static async of(options: SourceAssignmentsOptions, workers: readonly WorkerId[]): Promise<SourceAssignments> {
    const assignments = new SourceAssignments(options)
    for (const node of options.graph.nodes)
      if (node.role === 'source') assignments.#partitions.set(node.name, await assignments.#list(node))
    assignments.#assigned = assignments.#divide(workers)
    return assignments
  }

  /** What a worker reads at the beginning, and from where. */
  of(worker: WorkerId): ClusterSpec['assigned'] {
    return [...this.#partitions.keys()].map((source) => ({
      source,
      partitions: this.#assigned
        .filter((known) => known.source === source && known.worker === worker)
        .map(({ partition }): AssignedPartition => ({ partition, saved: this.#savedOf(source, partition) })),
    }))
  }

  /** All that are known of a source. */
  partitionsOf(source: string): readonly Key[] {
    return this.#partitions.get(source) ?? []
  }

  /** How many partitions of a source a worker reads. */
  countOf(source: string, worker: WorkerId): number {
    return this.#assigned.filter((known) => known.source === source && known.worker === worker).length
  }

  /** A worker reads a partition that was found while the job runs. */
  add(assignment: Assignment): void {
    const { source, partition } = assignment
    this.#partitions.set(source, [...(this.#partitions.get(source) ?? []), partition])
    this.#assigned = [...this.#assigned, assignment]
  }

  /** Divides the partitions anew; returns those that change their reader. */
  reassign(workers: readonly WorkerId[]): readonly PartitionMove[] {
    const before = this.#assigned
    this.#assigned = this.#divide(workers)
    return movesBetween(before, this.#assigned)
  }

  #divide(workers: readonly WorkerId[]): Assignment[] {
    return [...this.#partitions].flatMap(([source, partitions]) => assignPartitions(source, partitions, workers, this.#assigned))
  }

  /** Those that the source lists, and those that have a position although it no longer does. */
  async #list(node: SourceNode): Promise<readonly Key[]> {
    const listed = await listPartitions(node, { ...this.#options, job: this.#options.graph.name })
    const saved = this.#savedPartitions(node.name).map(({ partition }) => partition)
    return [...listed, ...saved.filter((partition) => !listed.some((known) => sameKey(known, partition)))]
  }

  #savedPartitions(source: string) {
    return this.#options.snapshot?.sources.find((saved) => saved.source === source)?.partitions ?? []
  }

  #savedOf(source: string, partition: Key) {
    return this.#savedPartitions(source).find((saved) => sameKey(saved.partition, partition))
  }
}
