import {
  type Key,
  MalstromError,
  type PartitionContext,
  type SourceNode,
  type SourcePartition,
  type SourceStatus,
  type SourceStatusReport,
} from '@malstrom/core'
import { FRAME_RECORDS_MAX, type Frame } from '../exchange/frame.ts'
import { withDeadline } from '../worker/deadline.ts'
import type { Environment } from '../worker/environment.ts'
import { attribute } from '../worker/failure.ts'
import type { PartitionFrontier, PartitionFrontiers } from './partition-frontiers.ts'
import { SourceFrame } from './source-frame.ts'

interface OpenPartition {
  readonly key: Key
  // biome-ignore lint/suspicious/noExplicitAny: a graph knows only erased sources
  readonly reader: SourcePartition<any, any, any>
  readonly frontier: PartitionFrontier | undefined
  state: 'active' | 'idle' | 'finished'
  recordsIn: number
  /** Ends the wait after which an idle partition is excluded. */
  cancelIdleTimer: (() => void) | undefined
}

export interface SourceStationOptions {
  readonly node: SourceNode
  readonly job: string
  readonly context: PartitionContext
  readonly environment: Environment
  readonly waitLimitMs: number
  readonly frontiers: PartitionFrontiers | undefined
  /** There is something to do: a partition can be read, or the frontier may have moved. */
  wake(): void
  failed(error: Error): void
}

/**
 * One source on one worker: its partitions take turns. An idle partition is not polled until it says
 * that it is ready, so an idle job uses no CPU.
 */
export class SourceStation {
  readonly #options: SourceStationOptions
  readonly #frame: SourceFrame
  readonly #partitions: OpenPartition[] = []
  /** Finished with the last poll: excluded from the merge once those records have been processed. */
  #finishing: OpenPartition | undefined
  #turn = 0
  #closed = false

  constructor(options: SourceStationOptions) {
    this.#options = options
    this.#frame = new SourceFrame(options.node.source.time)
  }

  get finished(): boolean {
    return this.#partitions.every(({ state }) => state === 'finished')
  }

  get recordsIn(): number {
    return this.#partitions.reduce((sum, { recordsIn }) => sum + recordsIn, 0)
  }

  async open(): Promise<void> {
    const { node, context, frontiers } = this.#options
    const keys = await this.#within('list its partitions', () => node.source.listPartitions())
    for (const key of keys as readonly Key[]) {
      const reader = await this.#within(`open partition ${String(key)}`, () => node.source.openPartition(key, undefined, context))
      this.#partitions.push({ key, reader, frontier: frontiers?.add(), state: 'active', recordsIn: 0, cancelIdleTimer: undefined })
    }
  }

  /** The records of the next partition that has some; `undefined` if no partition can be read now. */
  poll(): Frame | undefined {
    this.#excludeFinished()
    for (let tried = 0; tried < this.#partitions.length; tried++) {
      const partition = this.#partitions[this.#turn] as OpenPartition
      this.#turn = (this.#turn + 1) % this.#partitions.length
      if (partition.state !== 'active') continue
      this.#pollPartition(partition)
      if (this.#frame.count > 0) return this.#frame
      this.#excludeFinished()
    }
    return undefined
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const { key, reader, cancelIdleTimer } of this.#partitions.splice(0)) {
      cancelIdleTimer?.()
      await this.#within(`close partition ${String(key)}`, () => reader.close())
    }
  }

  report(backPressured: boolean): SourceStatusReport[] {
    return this.#partitions.map(({ key, frontier, state, recordsIn }) => ({
      source: this.#options.node.name,
      partition: key,
      recordsIn,
      state: state === 'active' && backPressured ? 'back-pressured' : state,
      frontier: frontier?.epoch,
      excluded: frontier?.excluded ?? false,
    }))
  }

  #pollPartition(partition: OpenPartition): void {
    const frame = this.#frame
    const { node, job, frontiers } = this.#options
    frame.clear()
    try {
      partition.state = stateOf(partition.reader.poll(frame, FRAME_RECORDS_MAX))
    } catch (error) {
      throw attribute(error, node, job)
    }
    partition.recordsIn += frame.count
    if (frontiers !== undefined && partition.frontier !== undefined) {
      if (frame.count > 0) partition.frontier.excluded = false
      frontiers.current = partition.frontier
    }
    if (partition.state === 'idle') this.#awaitReady(partition)
    if (partition.state === 'finished') this.#finishing = partition
  }

  #awaitReady(partition: OpenPartition): void {
    const { environment, node, job, frontiers, wake, failed } = this.#options
    const idleAfterMs = node.epochs?.idleAfterMs
    if (idleAfterMs !== undefined && frontiers !== undefined) {
      partition.cancelIdleTimer = environment.after(idleAfterMs, () => this.#exclude(partition))
    }
    // Started in a promise, so that a `ready` that throws is a source that fails.
    const ready = new Promise<void>((resolve) => resolve(partition.reader.ready()))
    ready.then(
      () => {
        if (this.#closed) return
        partition.cancelIdleTimer?.()
        partition.cancelIdleTimer = undefined
        partition.state = 'active'
        wake()
      },
      (error) => {
        if (!this.#closed) failed(attribute(error, node, job))
      },
    )
  }

  #excludeFinished(): void {
    if (this.#finishing !== undefined) this.#exclude(this.#finishing)
    this.#finishing = undefined
  }

  /** The merged frontier no longer waits for this partition. */
  #exclude(partition: OpenPartition): void {
    if (partition.frontier === undefined) return
    partition.frontier.excluded = true
    this.#options.wake()
  }

  async #within<T>(what: string, action: () => Promise<T> | T): Promise<T> {
    const { environment, waitLimitMs, node, job } = this.#options
    try {
      return await withDeadline(environment, waitLimitMs, `source "${node.name}" to ${what}`, action())
    } catch (error) {
      throw attribute(error, node, job)
    }
  }
}

function stateOf(status: SourceStatus): OpenPartition['state'] {
  if (status === 'more') return 'active'
  if (status === 'idle' || status === 'finished') return status
  throw new MalstromError('ERR_SOURCE_FAILED', `poll returned ${String(status)}; it returns 'more', 'idle' or 'finished'.`)
}
