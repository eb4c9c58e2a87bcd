import type { Source } from '@malstrom/core'
import { ioredisConnector } from '../client/ioredis-port.ts'
import type { RedisPosition } from './position.ts'
import { checkSourceOptions, type RedisSourceOptions } from './redis-source-options.ts'
import { StreamsSource } from './streams-source.ts'

/**
 * Reads Redis Streams. A snapshot holds the position in each stream, so that every entry counts once whatever happens to the job; the
 * timestamp of a record is the time in its id. The source never ends.
 *
 * Alone (XREAD) it changes nothing in Redis. With `group` it shares the stream with other consumers (XREADGROUP): first comes what an
 * earlier start was given and no snapshot contains, and entries are acknowledged when the snapshot that contains them is durable.
 *
 * @throws MalstromError `ERR_OPERATOR_ARGUMENT`; while the job runs `ERR_REDIS`, `ERR_REDIS_POSITION_LOST`, `ERR_RECORD_INVALID`
 */
export function redisSource<V>(options: RedisSourceOptions<V, Buffer> & { readonly bytes: true }): Source<V, number, string, RedisPosition>
export function redisSource<V>(options: RedisSourceOptions<V, string>): Source<V, number, string, RedisPosition>
export function redisSource<V>(
  options: RedisSourceOptions<V, Buffer> | RedisSourceOptions<V, string>,
): Source<V, number, string, RedisPosition> {
  const erased = options as RedisSourceOptions<V, never>
  checkSourceOptions(erased)
  return new StreamsSource(ioredisConnector('redisSource', erased), erased)
}
