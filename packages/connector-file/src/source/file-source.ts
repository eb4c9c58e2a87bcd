import { numberTime, type PartitionContext, type Source, type SourcePartition } from '@malstrom/core'
import { checkPaths } from '../check-options.ts'
import { type FileOptions, type FileSettings, fileSettings } from './file-options.ts'
import type { FilePosition } from './file-position.ts'
import type { FileSet } from './files-in.ts'
import { type FileReader, PathPartition } from './path-partition.ts'

/** How often a folder is looked at for new files. */
const DISCOVERY_MS = 1_000

/** One path, several, or those that a folder has. */
export type Paths = string | readonly string[] | FileSet

/** Files of one kind; each is a partition, named by its path. */
export class FileSource<V> implements Source<V, number, string, FilePosition> {
  readonly time = numberTime
  /** Of a folder whose files are followed, new ones are read too. */
  readonly discoveryMs: number
  readonly #paths: readonly string[] | FileSet
  readonly #reader: FileReader<V>
  readonly #settings: FileSettings

  constructor(owner: string, paths: Paths, reader: FileReader<V>, options: FileOptions) {
    this.#paths = typeof paths === 'object' && 'list' in paths ? paths : checkPaths(owner, paths)
    this.#reader = reader
    this.#settings = fileSettings(owner, options)
    this.discoveryMs = 'list' in this.#paths && this.#settings.follow ? DISCOVERY_MS : Number.POSITIVE_INFINITY
  }

  listPartitions(): Promise<readonly string[]> | readonly string[] {
    return 'list' in this.#paths ? this.#paths.list() : this.#paths
  }

  openPartition(
    path: string,
    state: FilePosition | undefined,
    { operator, worker }: PartitionContext,
  ): Promise<SourcePartition<V, number, FilePosition>> {
    const context = { operator, worker, partition: path }
    return PathPartition.open({ path, reader: this.#reader, settings: this.#settings, context }, state)
  }
}
