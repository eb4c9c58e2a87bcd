import { mkdir, open, readdir, readFile, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { readSegment, type Segment } from './segment-format.ts'

export interface SegmentFile {
  readonly name: string
  /** The number of its first record. */
  readonly first: number
  /** Counts the segments of the log: two may begin with the same record. */
  readonly ordinal: number
  readonly bytes: number
}

const NAME = /^(\d{16})-(\d{8})\.log$/

export function segmentName(first: number, ordinal: number): string {
  return `${String(first).padStart(16, '0')}-${String(ordinal).padStart(8, '0')}.log`
}

/** The segments in a folder, in order. */
export async function segmentFiles(directory: string): Promise<SegmentFile[]> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const files: SegmentFile[] = []
  for (const name of (await readdir(directory)).sort()) {
    const [, first, ordinal] = NAME.exec(name) ?? []
    if (first === undefined || ordinal === undefined) continue
    files.push({ name, first: Number(first), ordinal: Number(ordinal), bytes: (await stat(join(directory, name))).size })
  }
  return files.sort((a, b) => a.ordinal - b.ordinal)
}

export async function readSegmentFile(directory: string, file: SegmentFile): Promise<Segment | undefined> {
  return readSegment(await readFile(join(directory, file.name)))
}

export async function removeSegmentFile(directory: string, file: SegmentFile): Promise<void> {
  try {
    await unlink(join(directory, file.name))
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown
  }
}

/** Makes the names in a folder durable. */
export async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return // A folder cannot be opened there; NTFS writes names by itself.
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
