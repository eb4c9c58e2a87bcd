import { link, mkdir, open, readdir, readFile, rm, unlink } from 'node:fs/promises'

/** What a disk store needs of the file system; a test puts a failing one in its place. */
export interface DiskFiles {
  /** Writes a new file and waits until its content is on the disk. */
  write(path: string, pieces: readonly Uint8Array[]): Promise<void>
  /** Gives a file a second name; fails with `EEXIST` if the name is taken. Atomic. */
  link(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  read(path: string): Promise<Buffer>
  names(directory: string): Promise<readonly { readonly name: string; readonly isDirectory: boolean }[]>
  /** Makes the directory and those above it; returns the first one that it made. */
  makeDirectory(directory: string): Promise<string | undefined>
  /** Waits until the names in a directory are on the disk. */
  syncDirectory(directory: string): Promise<void>
  removeDirectory(directory: string): Promise<void>
}

export const diskFiles: DiskFiles = {
  async write(path, pieces) {
    const file = await open(path, 'wx')
    try {
      await file.writev(pieces as Uint8Array[])
      await file.datasync()
    } finally {
      await file.close()
    }
  },
  link,
  unlink,
  read: (path) => readFile(path),
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
  removeDirectory: (directory) => rm(directory, { recursive: true, force: true }),
}
