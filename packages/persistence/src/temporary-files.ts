import { hostname } from 'node:os'
import { join } from 'node:path'
import { type DiskFiles, ifThere } from './disk-files.ts'
import { fileNameOf } from './path.ts'

/** After that long a file that nobody has touched is left over, wherever its process may run. No write takes so long. */
const ABANDONED_AFTER_MS = 3_600_000

/** How far the clock of the file system may be behind. */
const CLOCK_SLACK_MS = 1_000

const NAME = /^[0-9a-f]+\.(\d+)\.(.+)$/

/**
 * Files that are being written, before they get the name under which they count. Each is named after its process, so that
 * whoever comes later can tell what a process that died has left behind.
 */
export class TemporaryFiles {
  readonly directory: string
  readonly #files: DiskFiles

  constructor(directory: string, files: DiskFiles) {
    this.directory = directory
    this.#files = files
  }

  /** A name that no other write has. */
  pathOf(token: string): string {
    return join(this.directory, `${token}.${process.pid}.${fileNameOf(hostname())}`)
  }

  async removeAbandoned(): Promise<void> {
    for (const { name } of await this.#files.names(this.directory)) {
      const path = join(this.directory, name)
      const modifiedMs = await ifThere(this.#files.modifiedMs(path))
      if (modifiedMs !== undefined && isAbandoned(name, modifiedMs)) await ifThere(this.#files.unlink(path))
    }
  }
}

function isAbandoned(name: string, modifiedMs: number): boolean {
  const nowMs = Date.now()
  if (nowMs - modifiedMs > ABANDONED_AFTER_MS) return true
  const [, pid = '', host = ''] = NAME.exec(name) ?? []
  // Process ids of another machine, or of another container, mean nothing here.
  if (host !== fileNameOf(hostname())) return false
  if (Number(pid) !== process.pid) return !isAlive(Number(pid))
  // In a container every start has the same id.
  return modifiedMs < nowMs - process.uptime() * 1_000 - CLOCK_SLACK_MS
}

/** Whether a process of this machine is running. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Somebody else's process is alive too.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
