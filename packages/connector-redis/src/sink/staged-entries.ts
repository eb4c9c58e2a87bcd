import type { SnapshotVersion } from '@malstrom/core'
import { ask } from '../client/persist.ts'
import { type RedisArgument, type RedisCommand, type RedisPort, RedisRefusal } from '../client/redis-port.ts'
import { ADD_PACKED, packed } from './packed-entries.ts'

/**
 * The keys that a partition uses beside its stream, in the same slot of a cluster. A lane is one history of the partition: all starts
 * that go on from each other's snapshots.
 */
export interface LaneKeys {
  readonly stream: string
  /** The last version of this lane that was moved into the stream. */
  readonly committed: string
  /** The names of the staged entries of this lane. */
  readonly registry: string
  staged(name: string): string
}

/** @returns undefined if no key can be made that lies in the same slot as the stream */
export function laneKeys(stream: string, owner: string, lane: string): LaneKeys | undefined {
  const hashed = hashedBeside(stream)
  if (hashed === undefined) return undefined
  const base = `${hashed}:malstrom:${owner}:${lane}`
  return { stream, committed: `${base}:committed`, registry: `${base}:staged`, staged: (name) => `${base}:staged:${name}` }
}

/** Redis Cluster hashes what stands between the first { and the next }, if that is not empty; otherwise the whole key. */
function hashedBeside(stream: string): string | undefined {
  if (/^[^{]*\{[^}]+\}/.test(stream)) return stream
  return stream.includes('}') ? undefined : `{${stream}}`
}

/**
 * Adds a batch of entries to what is staged, as one entry; `batch` is 1 for the first, 2 for the next. A batch that is sent twice, because
 * the first answer was lost, is there once, and none is added before those that it follows. Only the first makes the stream: when somebody
 * has removed it, nothing is added any more.
 */
export function stage(
  keys: LaneKeys,
  staged: string,
  batch: number,
  ttlMs: number,
  entries: readonly (readonly RedisArgument[])[],
): RedisCommand {
  return ['eval', STAGE, '2', staged, keys.registry, String(batch), String(ttlMs), packed(entries)]
}

/** An answer to `stage`: the entries before these are not there. */
export function isTooEarly(answer: unknown): boolean {
  return answer === -2
}

/** What is wrong with an answer to `stage`. */
export function stagingProblem(answer: unknown): Error | undefined {
  if (answer instanceof Error) return answer
  if (answer === 0) return undefined
  if (isTooEarly(answer)) return new RedisRefusal('the server has lost entries that were staged and that it had acknowledged')
  return new RedisRefusal('the staged entries are gone: another start of this job has removed them, or they have expired')
}

/** Moves all staged entries into the stream; batches that have been moved before are not there any more. `false`: they are lost. */
export async function moveStaged(
  port: RedisPort,
  keys: LaneKeys,
  staged: string,
  version: SnapshotVersion,
  trim: readonly string[],
): Promise<boolean> {
  const command: RedisCommand = [
    ...(['eval', MOVE_STAGED, '4', staged, keys.stream, keys.committed, keys.registry] as const),
    ...[String(version), ...trim],
  ]
  for (;;) {
    // The second is on its way while the server does the first. If there is nothing left for it, it changes nothing.
    const [first, second] = await Promise.all([ask(port, command), ask(port, command)])
    const left = first === 1 ? second : first
    if (left !== 1) return left === 0
  }
}

/** Removes what earlier openings of the lane have staged and no snapshot names. */
export async function removeLeftovers(port: RedisPort, keys: LaneKeys, kept: readonly string[]): Promise<void> {
  const names = (await ask(port, ['smembers', keys.registry])) as string[]
  for (const name of names) {
    if (kept.includes(name)) continue
    await ask(port, ['unlink', name])
    await ask(port, ['srem', keys.registry, name])
  }
}

export const STAGE = `
local batch, staged = tonumber(ARGV[1]), redis.call('XLEN', KEYS[1])
if batch > 1 and staged == 0 then return -1 end
if staged >= batch then return 0 end
if staged < batch - 1 then return -2 end
local reply = redis.pcall('XADD', KEYS[1], batch .. '-1', 'entries', ARGV[3])
if type(reply) == 'table' then return reply end
if batch == 1 then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  redis.call('SADD', KEYS[2], KEYS[1])
  redis.call('PEXPIRE', KEYS[2], ARGV[2])
end
return 0`

/**
 * Takes a batch from the front of what is staged, adds its entries to the stream, and notes the version: all of it or nothing, as nothing
 * else runs meanwhile and replicas get it as one. So a repeated commit, or two at the same time, go on where the other has stopped.
 * Answers 1 if there is more, 0 if all is done, -1 if nothing is staged although this version was never moved.
 */
export const MOVE_STAGED = `${ADD_PACKED}
local batch = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
if not batch then
  if tonumber(redis.call('GET', KEYS[3]) or '-1') >= tonumber(ARGV[1]) then return 0 end
  return -1
end
local refusal = addPacked(KEYS[2], batch[2][2])
if refusal then return refusal end
if #ARGV > 1 then redis.call('XTRIM', KEYS[2], unpack(ARGV, 2)) end
redis.call('SET', KEYS[3], ARGV[1])
redis.call('XDEL', KEYS[1], batch[1])
if redis.call('XLEN', KEYS[1]) > 0 then return 1 end
redis.call('UNLINK', KEYS[1])
redis.call('SREM', KEYS[4], KEYS[1])
return 0`
