import type { DiskFiles } from './disk-files.ts'

/** Makes names durable; callers that come while a sync is under way share the next one. */
export class DirectorySync {
  readonly #files: DiskFiles
  readonly #running = new Map<string, Promise<void>>()
  readonly #next = new Map<string, Promise<void>>()

  constructor(files: DiskFiles) {
    this.#files = files
  }

  /** Resolves when all names that are in the directory now are on the disk. */
  sync(directory: string): Promise<void> {
    const running = this.#running.get(directory)
    if (running === undefined) return this.#start(directory)
    const waiting = this.#next.get(directory)
    if (waiting !== undefined) return waiting
    const start = () => {
      this.#next.delete(directory)
      return this.#start(directory)
    }
    const next = running.then(start, start)
    this.#next.set(directory, next)
    return next
  }

  #start(directory: string): Promise<void> {
    const done = this.#files.syncDirectory(directory).finally(() => this.#running.delete(directory))
    this.#running.set(directory, done)
    return done
  }
}
