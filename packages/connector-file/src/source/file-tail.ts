import type { FileHandle } from 'node:fs/promises'
import type { ErrorContext } from '@malstrom/core'
import { type FileSettings, lostError } from './file-options.ts'
import { inodeAt } from './open-file.ts'

/**
 * After another file has got the path, the old one is given up when nothing was added to it this many
 * times in a row: a writer that was told to open its file anew may still be on its way.
 */
const QUIET_ROUNDS = 10

/** Decides at the end of a file that is followed how it goes on. */
export class FileTail {
  readonly #path: string
  readonly #inode: string
  readonly #settings: FileSettings
  readonly #context: ErrorContext
  #quietRounds = 0

  constructor(path: string, inode: string, settings: FileSettings, context: ErrorContext) {
    this.#path = path
    this.#inode = inode
    this.#settings = settings
    this.#context = context
  }

  get pollIntervalMs(): number {
    return this.#settings.pollIntervalMs
  }

  /**
   * `more`: there is more to read. `wait`: ask again later. `end`: the path belongs to another file, and
   * this one is complete. `rewritten`: it was truncated and has to be read from its beginning.
   */
  async at(position: number, handle: FileHandle): Promise<'more' | 'wait' | 'end' | 'rewritten'> {
    const { size } = await handle.stat()
    if (size < position) {
      if (this.#settings.onLost === 'start-over') return 'rewritten'
      throw lostError(this.#path, `it was truncated: the job has read ${position} bytes of it, but it has only ${size}.`, this.#context)
    }
    const there = size > position ? this.#inode : await inodeAt(this.#path)
    if (there === undefined || there === this.#inode) {
      this.#quietRounds = 0
      return size > position ? 'more' : 'wait'
    }
    this.#quietRounds++
    return this.#quietRounds > QUIET_ROUNDS ? 'end' : 'wait'
  }
}
