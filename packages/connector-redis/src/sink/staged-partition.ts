import { randomBytes } from 'node:crypto'
import { type ErrorContext, MalstromError, type SinkPartition, type SnapshotVersion } from '@malstrom/core'
import { redisError } from '../client/redis-error.ts'
import type { RedisArgument, RedisCommand, RedisPort } from '../client/redis-port.ts'
import { CommandWriter } from './command-writer.ts'
import { isTooEarly, type LaneKeys, moveStaged, removeLeftovers, stage, stagingProblem } from './staged-entries.ts'

/** What a snapshot holds of a stream whose entries become visible when they are committed. */
export interface StagedPosition {
  /** The history that the snapshot belongs to. */
  readonly lane: string
  readonly version: SnapshotVersion
  /** The key under which entries are staged; `undefined` if there are none. */
  readonly staged: string | undefined
  /** What was staged before that, for snapshots that were abandoned. */
  readonly earlier?: readonly StagedVersion[]
}

/** Entries that were staged for one snapshot. Each are moved under the version of their own, so that a repeated commit knows which it has moved. */
export interface StagedVersion {
  readonly version: SnapshotVersion
  readonly staged: string
}

export interface StagedPartitionOptions<V, K, T> {
  readonly port: RedisPort
  readonly server: string
  readonly context: ErrorContext
  readonly bufferBytesMax: number
  readonly generation: number
  readonly lane: string
  readonly keys: LaneKeys
  readonly saved: StagedPosition | undefined
  readonly stagedTtlMs: number
  fieldsOf(value: V, key: K, timestamp: T): readonly RedisArgument[]
  trim(): readonly string[]
}

/**
 * Entries of one stream that its readers see when the snapshot that they belong to is durable, each once. Until then they are in a stream
 * of their own beside it, from which a script moves them:
 *
 *     write*  flush   script: staged 1-1 ..., 2-1 ...   safe in Redis in batches, and not visible
 *     snapshot        the name of what is staged        part of the snapshot of the job
 *     commit          script: staged -> stream          a batch at a time, whole or not at all, until nothing is staged
 *
 * A start that died before its snapshot was durable leaves something that nobody moves. It is removed by the next start, or expires.
 */
export class StagedPartition<V, K, T> implements SinkPartition<V, K, T, StagedPosition> {
  readonly #options: StagedPartitionOptions<V, K, T>
  readonly #writer: CommandWriter
  readonly #byVersion = new Map<SnapshotVersion, StagedPosition>()
  /** What was staged for snapshots that were abandoned: it belongs to the next one. */
  #earlier: readonly StagedVersion[] = []
  #staged: string | undefined
  /** How many batches have been sent there. */
  #batches = 0

  constructor(options: StagedPartitionOptions<V, K, T>) {
    this.#options = options
    const commandsOf = (entries: readonly (readonly RedisArgument[])[]) => [this.#stage(entries)]
    this.#writer = new CommandWriter({ ...options, commandsOf, check: stagingProblem, isTooEarly })
    if (options.saved !== undefined) this.#byVersion.set(options.saved.version, options.saved)
  }

  /** Removes what earlier starts have staged and no snapshot knows. */
  async removeLeftovers(): Promise<void> {
    const { port, keys, saved } = this.#options
    if (saved !== undefined)
      await this.#explaining('remove what is staged', () =>
        removeLeftovers(
          port,
          keys,
          stagedIn(saved).map(({ staged }) => staged),
        ),
      )
  }

  get saturated(): boolean {
    return this.#writer.saturated
  }

  write(value: V, key: K, timestamp: T): void {
    const { keys, generation, fieldsOf } = this.#options
    const fields = fieldsOf(value, key, timestamp)
    this.#staged ??= keys.staged(`${generation}-${randomBytes(6).toString('hex')}`)
    try {
      this.#writer.push(fields)
    } catch (thrown) {
      throw this.#explained('stage entries', thrown)
    }
  }

  flush(): Promise<void> {
    return this.#explaining('stage entries', () => this.#writer.flush())
  }

  snapshot(version: SnapshotVersion): StagedPosition {
    const earlier = this.#earlier.length > 0 ? { earlier: this.#earlier } : {}
    const position = { lane: this.#options.lane, version, staged: this.#staged, ...earlier }
    this.#earlier = []
    this.#byVersion.set(version, position)
    this.#staged = undefined
    this.#batches = 0
    return position
  }

  async commit(version: SnapshotVersion): Promise<void> {
    const { port, keys, trim, context, server } = this.#options
    const position = this.#byVersion.get(version)
    for (const { version, staged } of position === undefined ? [] : stagedIn(position)) {
      const isMoved = await this.#explaining('commit entries', () => moveStaged(port, keys, staged, version, trim()))
      if (!isMoved) {
        const problem = `Redis at ${server} no longer has the entries that snapshot ${version} of stream "${keys.stream}" was to commit: they have expired, or the server has lost data. Let stagedTtlMs be longer than the job ever stands still, and the server keep what it has acknowledged (appendonly). To go on without them, start the job from another snapshot or without its saved state.`
        throw new MalstromError('ERR_REDIS', problem, { context })
      }
    }
    for (const known of this.#byVersion.keys()) if (known < version) this.#byVersion.delete(known)
  }

  abandon(version: SnapshotVersion): void {
    const position = this.#byVersion.get(version)
    this.#byVersion.delete(version)
    if (position !== undefined) this.#earlier = stagedIn(position)
  }

  close(): void {
    this.#writer.stop()
    this.#options.port.close()
  }

  /** Everything that was written has been sent when the name changes, so what is sent now belongs to this one. */
  #stage(entries: readonly (readonly RedisArgument[])[]): RedisCommand {
    const { keys, stagedTtlMs } = this.#options
    return stage(keys, this.#staged as string, ++this.#batches, stagedTtlMs, entries)
  }

  async #explaining<R>(task: string, action: () => Promise<R>): Promise<R> {
    try {
      return await action()
    } catch (thrown) {
      throw this.#explained(task, thrown)
    }
  }

  #explained(task: string, thrown: unknown): unknown {
    const { server, context, keys } = this.#options
    return redisError(server, `${task} of the stream "${keys.stream}"`, thrown, context, 'unknown')
  }
}

/** Everything that a commit makes visible, in order. */
function stagedIn({ version, staged, earlier = [] }: StagedPosition): readonly StagedVersion[] {
  return staged === undefined ? earlier : [...earlier, { version, staged }]
}
