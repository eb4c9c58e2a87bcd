import { access, link, mkdir, open, readdir, readFile, rmdir, stat, unlink } from 'node:fs/promises'

/** What a disk store needs of the file system; a test puts a failing one in its place. Errors have a `code`, such as `ENOSPC`. */
export interface DiskFiles {
  /** Writes a new file and waits until its content is on the disk. */
  write(path: string, pieces: readonly Uint8Array[]): Promise<void>
  /** Gives a file a second name; fails with `EEXIST` if the name is taken. Atomic. */
  link(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  read(path: string): Promise<Buffer>
  /** Up to `bytes` bytes from the beginning. */
  readStart(path: string, bytes: number): Promise<Buffer>
  exists(path: string): Promise<boolean>
  modifiedMs(path: string): Promise<number>
  names(directory: string): Promise<readonly { readonly name: string; readonly isDirectory: boolean }[]>
  /** Makes the directory and those above it; returns the first one that it made. */
  makeDirectory(directory: string): Promise<string | undefined>
  /** Waits until the names in a directory are on the disk. */
  syncDirectory(directory: string): Promise<void>
  /** Fails with `ENOTEMPTY` if something is in it. */
  removeDirectory(directory: string): Promise<void>
}

export const diskFiles: DiskFiles = {
  async write(path, pieces) {
    const file = await open(path, 'wx')
    try {
      for (const piece of pieces) {
        // On a disk that is nearly full a write takes less than it is given, and only the next one fails.
        for (let written = 0; written < piece.length; ) {
          const { bytesWritten } = await file.write(piece, written, piece.length - written)
          written += bytesWritten
        }
      }
      await file.datasync()
    } finally {
      await file.close()
    }
  },
  link,
  unlink,
  read: (path) => readFile(path),
  async readStart(path, bytes) {
    const file = await open(path, 'r')
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0)
      return buffer.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  },
  async exists(path) {
    return (await ifThere(access(path).then(() => true))) ?? false
  },
  modifiedMs: async (path) => (await stat(path)).mtimeMs,
  async names(directory) {
    const entries = await readdir(directory, { withFileTypes: true })
    return entries.map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() }))
  },
  makeDirectory: (directory) => mkdir(directory, { recursive: true }),
  async syncDirectory(directory) {
    const handle = await open(directory, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
  removeDirectory: rmdir,
}

/** The `code` of a system error. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** The result, or `undefined` if the file or directory is not there. */
export async function ifThere<T>(action: Promise<T>): Promise<T | undefined> {
  try {
    return await action
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}
