import { fileSchemes, type StreamScheme, type StreamSchemes } from '@malstrom/connector-file'
import { MalstromError } from '@malstrom/core'
import { optionalPackage } from './cli/optional-package.ts'

/**
 * The schemes of stream URLs of every connector that is installed, for `sourceFromUrl` and `sinkFromUrl`: `file` and `stdio`, `kafka`
 * of `@malstrom/connector-kafka`, `redis` and `rediss` of `@malstrom/connector-redis`. To await at the top of a job file.
 *
 * A URL of a connector that is not installed is refused with `ERR_DEPENDENCY_MISSING`, which says what to install.
 */
export async function streamSchemes(): Promise<StreamSchemes> {
  const [kafka, redis] = await Promise.all([
    installed('@malstrom/connector-kafka', 'kafkaSchemes', ['kafka']),
    installed('@malstrom/connector-redis', 'redisSchemes', ['redis', 'rediss']),
  ])
  return { ...fileSchemes, ...kafka, ...redis }
}

/** The schemes that a package exports as `property`. If it is missing, each says so when it is used. */
async function installed(name: string, property: string, schemes: readonly string[]): Promise<StreamSchemes> {
  try {
    const { [property]: found } = await optionalPackage<Record<string, StreamSchemes | undefined>>(name, `A URL of ${schemes[0]}`)
    if (found !== undefined) return found
    throw new MalstromError('ERR_DEPENDENCY_MISSING', `${name} has another version than malstrom, and no schemes of URLs. Update both.`)
  } catch (thrown) {
    const refuse = () => {
      throw thrown
    }
    const missing: StreamScheme = { source: refuse, sink: refuse }
    return Object.fromEntries(schemes.map((scheme) => [scheme, missing]))
  }
}
