import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { systemCode } from '../file-error.ts'
import type { FileIdentity } from './file-position.ts'

const HEAD_BYTES_MAX = 256

/** A file that was opened to be read. */
export interface OpenFile {
  readonly path: string
  readonly handle: FileHandle
  /** How large it was then. */
  readonly size: number
  /** `undefined` for what has no positions, such as a named pipe. */
  readonly inode: string | undefined
  /** When it was last written to, in nanoseconds since 1970. */
  readonly writtenAtNs: bigint
  /** How it begins. */
  readonly head: Buffer
}

/** Throws what the system says. */
export async function openFile(path: string): Promise<OpenFile> {
  const handle = await open(path, 'r')
  try {
    const stats = await handle.stat({ bigint: true })
    if (stats.isDirectory()) throw Object.assign(new Error('is a directory'), { code: 'EISDIR' })
    const size = Number(stats.size)
    const writtenAtNs = stats.mtimeNs
    if (!stats.isFile()) return { path, handle, size, inode: undefined, writtenAtNs, head: Buffer.alloc(0) }
    return { path, handle, size, inode: String(stats.ino), writtenAtNs, head: await headOf(handle) }
  } catch (thrown) {
    await handle.close()
    throw thrown
  }
}

/** `undefined` if there is no such file. */
export async function openFileIfThere(path: string): Promise<OpenFile | undefined> {
  try {
    return await openFile(path)
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return undefined
    throw thrown
  }
}

/**
 * What tells `file` from others, as far as its first `bytesRead` bytes. What was not read may be corrected, with an
 * editor that writes a new file, and reading goes on.
 */
export function identityOf({ inode, head }: OpenFile, bytesRead: number): FileIdentity | undefined {
  if (inode === undefined) return undefined
  const known = head.subarray(0, bytesRead)
  return { inode, headBytes: known.length, headCrc32: crc32(known) }
}

/** Whether `file` begins as the file that was read before. A file that was restored does, with another inode. */
export function beginsAs(file: OpenFile, { headBytes, headCrc32 }: FileIdentity): boolean {
  return file.head.length >= headBytes && crc32(file.head.subarray(0, headBytes)) === headCrc32
}

/** The inode alone says too little: the system gives that of a file that was removed to the next one. */
export function isSameFile(file: OpenFile, identity: FileIdentity): boolean {
  return file.inode === identity.inode && beginsAs(file, identity)
}

/** Finds a file that was renamed within its folder. */
export async function findRenamed(path: string, identity: FileIdentity): Promise<OpenFile | undefined> {
  for (const name of await namesIn(dirname(path))) {
    const other = join(dirname(path), name)
    if ((await inodeAt(other)) !== identity.inode) continue
    const file = await openFileIfThere(other)
    if (file !== undefined && isSameFile(file, identity)) return file
    await file?.handle.close()
  }
  return undefined
}

/** The inode of the file at `path`; `undefined` if there is none. */
export async function inodeAt(path: string): Promise<string | undefined> {
  try {
    return String((await stat(path, { bigint: true })).ino)
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return undefined
    throw thrown
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return []
    throw thrown
  }
}

async function headOf(handle: FileHandle): Promise<Buffer> {
  const head = Buffer.alloc(HEAD_BYTES_MAX)
  let bytes = 0
  while (bytes < HEAD_BYTES_MAX) {
    const { bytesRead } = await handle.read(head, bytes, HEAD_BYTES_MAX - bytes, bytes)
    if (bytesRead === 0) break
    bytes += bytesRead
  }
  return head.subarray(0, bytes)
}
