import { resolve } from 'node:path'
import { MalstromError, type ObjectStore, type PersistenceBackend } from '@malstrom/core'
import { Directories } from './directories.ts'
import { type DiskFiles, diskFiles } from './disk-files.ts'
import { DiskStore } from './disk-store.ts'
import { checkScope } from './path.ts'

/**
 * Keeps state in a directory of a local disk. Survives the death of the process and of the machine: content and names are on
 * the disk before a write counts. Any number of processes of one machine may use the directory; a later start of a job takes over
 * from an earlier one.
 *
 * Objects are files with readable names. The file system must have hard links; whether it tells upper from lower case does not matter.
 * Not for directories that several machines share, such as NFS: their answers may be older than what other machines have written.
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
  const directories = new Directories(root, files)
  const storeOf = (scope: string) => {
    checkScope(scope)
    return new DiskStore(root, scope, files, directories)
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
