import type { StreamScheme, StreamSchemes } from '@malstrom/connector-file'
import { streamSchemes } from '../stream-schemes.ts'
import { optionalPackage } from './optional-package.ts'

/** `streamSchemes`, with streams of Redis that are written in so many shards, unless `shards` is `undefined`. */
export async function relaySchemes(shards: number | undefined): Promise<StreamSchemes> {
  const schemes = await streamSchemes()
  if (shards === undefined) return schemes
  type RedisPackage = { readonly redisScheme: (options: { readonly shards: number }) => StreamScheme }
  const { redisScheme } = await optionalPackage<RedisPackage>('@malstrom/connector-redis', 'A URL of redis')
  const redis = redisScheme({ shards })
  return { ...schemes, redis, rediss: redis }
}
