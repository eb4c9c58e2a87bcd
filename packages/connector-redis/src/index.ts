export type { RedisAddress } from './client/redis-options.ts'
export type { RedisFields } from './sink/entry-fields.ts'
export {
  type RedisHashOptions,
  type RedisPublishOptions,
  type RedisSetOptions,
  type RedisSortedSetOptions,
  redisHash,
  redisPublish,
  redisSet,
  redisSortedSet,
} from './sink/keyed-sinks.ts'
export { type RedisSinkOptions, redisSink } from './sink/redis-sink.ts'
export type { StagedPosition } from './sink/staged-partition.ts'
export type { RedisTrim } from './sink/stream-trim.ts'
export type { EntryId } from './source/entry-id.ts'
export type { GroupPosition, RedisPosition, StreamPosition } from './source/position.ts'
export { allFields, bytesField, jsonField, type RedisEntry, textField } from './source/redis-entry.ts'
export { redisSource } from './source/redis-source.ts'
export type { RedisGroupOptions, RedisShards, RedisSourceOptions, RedisStart } from './source/redis-source-options.ts'
export {
  type NewRedisMessage,
  type RedisMessage,
  type RedisScheme,
  type RedisSchemeOptions,
  type RedisUrl,
  redisScheme,
  redisSchemes,
} from './url/redis-scheme.ts'
