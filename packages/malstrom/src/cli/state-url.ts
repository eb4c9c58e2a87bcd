import { MalstromError, type PersistenceBackend } from '@malstrom/core'
import { diskPersistence, memoryPersistence } from '@malstrom/persistence'
import { optionalPackage } from './optional-package.ts'

/** What the packages of other stores export, as far as a URL needs it. */
interface StorePackage {
  readonly s3Persistence?: (options: { bucket: string; prefix: string }) => PersistenceBackend
  readonly slateDbPersistence?: (options: { url: string }) => PersistenceBackend
}

/**
 * Where state is kept, from a URL: `file:./state`, `memory:`, `s3://bucket/prefix`,
 * `slatedb+file:./state` or `slatedb+s3://bucket/prefix`. What is no URL is a directory.
 */
export async function persistenceFromUrl(url: string): Promise<PersistenceBackend> {
  const scheme = /^[a-z][a-z0-9+]*(?=:)/i.exec(url)?.[0].toLowerCase()
  const rest = scheme === undefined ? url : url.slice(scheme.length + 1)
  switch (scheme) {
    case undefined:
    case 'file':
      return diskPersistence(directoryOf(rest, url))
    case 'memory':
      return memoryPersistence()
    case 's3': {
      const [, bucket = '', prefix = ''] = /^\/\/([^/]+)\/?(.*)$/.exec(rest) ?? []
      if (bucket === '') throw urlError(url, 'an S3 location is s3://bucket/prefix')
      const { s3Persistence } = await storePackage('@malstrom/persistence-s3')
      return must(s3Persistence)({ bucket, prefix })
    }
    case 'slatedb+file':
    case 'slatedb+s3': {
      const { slateDbPersistence } = await storePackage('@malstrom/persistence-slatedb')
      return must(slateDbPersistence)({ url: url.slice('slatedb+'.length) })
    }
    default:
      throw urlError(url, 'it begins with file:, memory:, s3:, slatedb+file: or slatedb+s3:')
  }
}

function directoryOf(rest: string, url: string): string {
  const directory = rest.startsWith('///') ? rest.slice(2) : rest
  if (directory === '' || directory.startsWith('//')) throw urlError(url, 'a directory is file:./state or file:///var/state')
  return directory
}

function storePackage(name: string): Promise<StorePackage> {
  return optionalPackage<StorePackage>(name, 'This location')
}

function must<T>(value: T | undefined): T {
  if (value === undefined)
    throw new MalstromError('ERR_DEPENDENCY_MISSING', 'The package of this store has another version than this one. Update both.')
  return value
}

function urlError(url: string, how: string): MalstromError {
  return new MalstromError('ERR_CLI_USAGE', `"${withoutCredentials(url)}" is no location of state: ${how}.`)
}

function withoutCredentials(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//***@')
}
