import type { SnapshotVersion } from '@malstrom/core'
import { ask } from '../client/persist.ts'
import { type RedisArgument, type RedisCommand, type RedisPort, RedisRefusal } from '../client/redis-port.ts'
import { packed } from './add-entries.ts'

/** Entries that one script moves: about a millisecond, in which the server does nothing else. */
const MOVED_AT_ONCE = '256'

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
 * Adds entries to what is staged, from number `first` on, which is 1 for the first. The ids are those numbers, so entries that are sent
 * twice, because the first answer was lost, are there once, and none are added before those that they follow. Only the first ones make the
 * stream: when somebody has removed it, nothing is added any more.
 */
export function stage(
  keys: LaneKeys,
  staged: string,
  first: number,
  ttlMs: number,
  entries: readonly (readonly RedisArgument[])[],
): RedisCommand {
  return ['eval', STAGE, '2', staged, keys.registry, String(first), String(ttlMs), ...packed(entries)]
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

/** Moves all staged entries into the stream; entries that have been moved before are not there any more. `false`: they are lost. */
export async function moveStaged(
  port: RedisPort,
  keys: LaneKeys,
  staged: string,
  version: SnapshotVersion,
  trim: readonly string[],
): Promise<boolean> {
  const command: RedisCommand = [
    ...(['eval', MOVE_STAGED, '4', staged, keys.stream, keys.committed, keys.registry] as const),
    ...[MOVED_AT_ONCE, String(version), ...trim],
  ]
  for (;;) {
    const left = await ask(port, command)
    if (left !== 1) return left === 0
  }
}

/** Removes what earlier openings of the lane have staged and no snapshot names. */
export async function removeLeftovers(port: RedisPort, keys: LaneKeys, kept: string | undefined): Promise<void> {
  const names = (await ask(port, ['smembers', keys.registry])) as string[]
  for (const name of names) {
    if (name === kept) continue
    await ask(port, ['unlink', name])
    await ask(port, ['srem', keys.registry, name])
  }
}

export const STAGE = `
local index = tonumber(ARGV[1])
local isNew = index == 1
local top = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if not isNew and not top then return -1 end
local last = top and tonumber(string.match(top[1], '^%d+')) or 0
if last >= index then return 0 end
if last < index - 1 then return -2 end
local parts, at = tonumber(ARGV[3]), 4
while at <= #ARGV do
  local count = parts
  if count == 0 then
    count = tonumber(ARGV[at])
    at = at + 1
  end
  local reply = redis.pcall('XADD', KEYS[1], string.format('%.0f-1', index), unpack(ARGV, at, at + count - 1))
  if type(reply) == 'table' and reply.err then return reply end
  index = index + 1
  at = at + count
end
if isNew then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  redis.call('SADD', KEYS[2], KEYS[1])
  redis.call('PEXPIRE', KEYS[2], ARGV[2])
end
return 0`

/**
 * Takes entries from the front of what is staged, adds them to the stream, and notes the version: all of it or nothing, as nothing else
 * runs meanwhile and replicas get it as one. So a repeated commit, or two at the same time, go on where the other has stopped.
 * Answers 1 if there is more, 0 if all is done, -1 if nothing is staged although this version was never moved.
 */
export const MOVE_STAGED = `
local entries = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', ARGV[1])
if #entries == 0 then
  if tonumber(redis.call('GET', KEYS[3]) or '-1') >= tonumber(ARGV[2]) then return 0 end
  return -1
end
local after = nil
for _, entry in ipairs(entries) do
  local add = {'XADD', KEYS[2]}
  for i = 3, #ARGV do add[#add + 1] = ARGV[i] end
  add[#add + 1] = '*'
  for _, part in ipairs(entry[2]) do add[#add + 1] = part end
  local reply = redis.pcall(unpack(add))
  if type(reply) == 'table' and reply.err then
    if after then redis.call('XTRIM', KEYS[1], 'MINID', '=', after) end
    return reply
  end
  after = string.gsub(entry[1], '-1$', '-2')
end
redis.call('SET', KEYS[3], ARGV[2])
if #entries == tonumber(ARGV[1]) then
  redis.call('XTRIM', KEYS[1], 'MINID', '=', after)
  if redis.call('XLEN', KEYS[1]) > 0 then return 1 end
end
redis.call('UNLINK', KEYS[1])
redis.call('SREM', KEYS[4], KEYS[1])
return 0`
