import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { systemCode } from '../file-error.ts'
import { inodeAt, type OpenFile, openFileIfThere } from './open-file.ts'

/** What tells which files had the path of another file after it. */
export interface ReadFile {
  readonly inode: string
  /** When it was last written to, in nanoseconds since 1970. */
  readonly writtenAtNs: bigint
}

/**
 * The file that had `path` right after `read` and was rotated away since, if there is one: the job was down or slow while
 * there were several rotations. It has the name of `path` with a number or a date in it, as `app.log.1`,
 * `app.log-20260102.gz` or `app-2026-01-02.log`, and was written to later than `read`.
 */
export async function openRotatedAfter(path: string, read: ReadFile): Promise<OpenFile | undefined> {
  const current = await inodeAt(path)
  let first: { readonly path: string; readonly writtenAtNs: bigint } | undefined
  for (const name of await namesOfRotated(path)) {
    const rotated = join(dirname(path), name)
    const found = await statIfThere(rotated)
    if (found === undefined || found.inode === read.inode || found.inode === current || found.writtenAtNs <= read.writtenAtNs) continue
    if (first === undefined || found.writtenAtNs < first.writtenAtNs) first = { path: rotated, writtenAtNs: found.writtenAtNs }
  }
  return first === undefined ? undefined : await openFileIfThere(first.path)
}

async function namesOfRotated(path: string): Promise<readonly string[]> {
  const name = basename(path)
  const extension = extname(name)
  const [whole, stem, end] = [name, name.slice(0, name.length - extension.length), extension].map((text) =>
    text.replaceAll(/[\\^$.|+()*?[\]{}]/g, '\\$&'),
  )
  const rotated = new RegExp(`^(?:${whole}[.-]${MARK}|${stem}[.-]${MARK}${end})(?:\\.gz|\\.zst)?$`)
  return (await readdir(dirname(path))).filter((other) => other !== name && rotated.test(other))
}

/** A number, a date or a time. */
const MARK = '\\d[\\dTZ:_.-]*'

async function statIfThere(path: string): Promise<ReadFile | undefined> {
  try {
    const stats = await stat(path, { bigint: true })
    return stats.isFile() ? { inode: String(stats.ino), writtenAtNs: stats.mtimeNs } : undefined
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return undefined
    throw thrown
  }
}
