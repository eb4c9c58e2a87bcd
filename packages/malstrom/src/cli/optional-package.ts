import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { MalstromError, messageOf } from '@malstrom/core'

/**
 * Imports a package that not everybody needs, as the program finds it: it is installed next to that, not next to this package.
 * `owner` is who needs it. @throws MalstromError `ERR_DEPENDENCY_MISSING`
 */
export async function optionalPackage<M>(name: string, owner: string): Promise<M> {
  try {
    const own = resolvedHere(name)
    return (await import(own === undefined ? name : pathToFileURL(own).href)) as M
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND'
    const how = isMissing ? `Install it: npm install ${name}` : messageOf(cause)
    throw new MalstromError('ERR_DEPENDENCY_MISSING', `${owner} needs the package ${name}. ${how}.`, { cause })
  }
}

function resolvedHere(name: string): string | undefined {
  try {
    return createRequire(join(process.cwd(), 'job.mjs')).resolve(name)
  } catch {
    return undefined
  }
}
