import { resolve } from 'node:path'
import { MalstromError, type ObjectStore, type PersistenceBackend } from '@malstrom/core'
import { DirectorySync } from './directory-sync.ts'
import { type DiskFiles, diskFiles } from './disk-files.ts'
import { DiskStore } from './disk-store.ts'
import { checkScope } from './path.ts'

/**
 * Keeps state in a directory of a local disk. Survives the death of the process and of the machine:
 * content and names are on the disk before a write counts. Several processes of one machine may use
 * the directory; a later start of a job takes over from an earlier one.
 *
 * Needs a file system with hard links. Names that differ only in case must not be used on file
 * systems that ignore case; Malstrom's own do not.
 */
export function diskPersistence(directory: string): PersistenceBackend {
  return diskPersistenceOn(directory, diskFiles)
}

/** The same on any file system; for tests. */
export function diskPersistenceOn(directory: string, files: DiskFiles): PersistenceBackend {
  if (typeof directory !== 'string' || directory === '') {
    throw new MalstromError('ERR_OPERATOR_ARGUMENT', `diskPersistence needs the path of a directory, not ${JSON.stringify(directory)}.`)
  }
  const root = resolve(directory)
  const sync = new DirectorySync(files)
  const storeOf = (scope: string) => {
    checkScope(scope)
    return new DiskStore(root, scope, files, sync)
  }
  return {
    async open(scope): Promise<ObjectStore> {
      const store = storeOf(scope)
      await store.prepare()
      return store
    },
    read: async (scope) => storeOf(scope),
    close: async () => {},
  }
}
