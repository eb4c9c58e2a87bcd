import { open } from 'node:fs/promises'

/** Makes sure that new names in a directory are found after a power failure. */
export async function syncDirectory(path: string): Promise<void> {
  // Windows cannot open directories, and does not need to.
  if (process.platform === 'win32') return
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
