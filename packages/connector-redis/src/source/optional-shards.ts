import { ask } from '../client/persist.ts'
import type { RedisPort } from '../client/redis-port.ts'

/** How many numbers without a shard are the end of them. */
const GAP = 64

/**
 * The shards of a stream, `<stream>:0` and so on; without any, the stream itself. It asks for each number, since it may have to ask again and
 * again and a search through all keys of the server would take long.
 */
export async function optionalShards(port: RedisPort, stream: string): Promise<readonly string[]> {
  const shards: string[] = []
  for (let first = 0, found = true; found; first += GAP) {
    const keys = Array.from({ length: GAP }, (_, i) => `${stream}:${first + i}`)
    const types = await Promise.all(keys.map((key) => ask(port, ['type', key])))
    const streams = keys.filter((_, i) => types[i] === 'stream')
    shards.push(...streams)
    found = streams.length > 0
  }
  return shards.length > 0 ? shards : [stream]
}
