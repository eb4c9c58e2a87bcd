import { randomUUID } from 'node:crypto'
import { BroadcastChannel } from 'node:worker_threads'
import type { Execution, Source, SourcePartition } from '@malstrom/core'

/** Where a partition stands. */
export interface PartitionEnd {
  readonly partition: string
  /** The start of the job that says so: what is told late by an earlier one counts no more. */
  readonly generation: number
  /** It has nothing more to read. */
  readonly isAtEnd: boolean
}

/** Who is told where a source comes to an end. */
export interface EndReport {
  /** How many partitions it has. */
  listed(partitions: number): void
  at(end: PartitionEnd): void
}

/**
 * Suspends a job when its source has nothing more, in place of letting it finish: a job that has finished has nothing left to do for
 * ever, and one that was suspended goes on with what was added.
 */
export class EndOfSource implements EndReport {
  /** Where workers in threads of their own tell what `at` is told. */
  readonly channelName = `malstrom-ends-${randomUUID()}`
  readonly #channel = new BroadcastChannel(this.channelName)
  readonly #ends = new Map<string, PartitionEnd>()
  #partitions = Number.POSITIVE_INFINITY
  #execution: Execution | undefined

  constructor() {
    this.#channel.onmessage = (message) => this.at((message as { data: PartitionEnd }).data)
    this.#channel.unref()
  }

  /** The job has started, and may have come to the end already. */
  started(execution: Execution): void {
    this.#execution = execution
    this.#suspendAtEnd()
  }

  listed(partitions: number): void {
    this.#partitions = partitions
  }

  at(end: PartitionEnd): void {
    const known = this.#ends.get(end.partition)
    if (known !== undefined && known.generation > end.generation) return
    this.#ends.set(end.partition, end)
    this.#suspendAtEnd()
  }

  close(): void {
    this.#channel.close()
  }

  #suspendAtEnd(): void {
    const ends = [...this.#ends.values()]
    if (ends.filter(({ isAtEnd }) => isAtEnd).length < this.#partitions) return
    // A failure to end is told by `finished`.
    this.#execution?.suspend().catch(() => {})
  }
}

/** The source, whose partitions wait at their ends for the job to be suspended. */
export function watchEnds<V, T, S>(source: Source<V, T, string, S>, report: EndReport): Source<V, T, string, S> {
  return {
    time: source.time,
    listPartitions: async () => {
      const partitions = await source.listPartitions()
      report.listed(partitions.length)
      return partitions
    },
    openPartition: async (partition, state, context) => {
      const { generation } = context
      report.at({ partition, generation, isAtEnd: false })
      const opened = await source.openPartition(partition, state, context)
      return waitingAtEnd(opened, () => report.at({ partition, generation, isAtEnd: true }))
    },
  }
}

function waitingAtEnd<V, T, S>(partition: SourcePartition<V, T, S>, ended: () => void): SourcePartition<V, T, S> {
  let isAtEnd = false
  return {
    poll: (output, limit) => {
      const status = isAtEnd ? 'idle' : partition.poll(output, limit)
      if (status !== 'finished') return status
      isAtEnd = true
      ended()
      return 'idle'
    },
    ready: () => (isAtEnd ? new Promise(() => {}) : partition.ready()),
    snapshot: () => partition.snapshot(),
    committed: (version) => partition.committed?.(version),
    close: () => partition.close(),
  }
}
