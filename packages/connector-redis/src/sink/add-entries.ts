import { ask } from '../client/persist.ts'
import { type RedisArgument, type RedisCommand, type RedisPort, RedisRefusal } from '../client/redis-port.ts'

/** The fields of entries, for a script: the number of parts of each entry if they have the same, otherwise 0 and it comes before each. */
export function packed(entries: readonly (readonly RedisArgument[])[]): RedisArgument[] {
  const parts = entries[0]?.length ?? 0
  const isUniform = entries.every((entry) => entry.length === parts)
  const packed: RedisArgument[] = [isUniform ? String(parts) : '0']
  for (const entry of entries) {
    if (!isUniform) packed.push(String(entry.length))
    for (const part of entry) packed.push(part)
  }
  return packed
}

/** Adds entries by one script, which the client and the server do in less than half the time of as many XADDs. */
export function addInScript(
  stream: string,
  entries: readonly (readonly RedisArgument[])[],
  trim: readonly string[],
): readonly RedisCommand[] {
  return [['eval', ADD, '1', stream, String(trim.length), ...trim, ...packed(entries)]]
}

/** For users that may not run scripts. */
export function addOneByOne(
  stream: string,
  entries: readonly (readonly RedisArgument[])[],
  trim: readonly string[],
): readonly RedisCommand[] {
  return entries.map((fields) => ['xadd', stream, ...trim, '*', ...fields])
}

export async function mayRunScripts(port: RedisPort): Promise<boolean> {
  try {
    await ask(port, ['eval', 'return 1', '0'])
    return true
  } catch (thrown) {
    if (thrown instanceof RedisRefusal && (thrown.code === 'NOPERM' || /unknown command/i.test(thrown.message))) return false
    throw thrown
  }
}

export const ADD = `
local trim = tonumber(ARGV[1])
local parts, at = tonumber(ARGV[2 + trim]), 3 + trim
while at <= #ARGV do
  local count = parts
  if count == 0 then
    count = tonumber(ARGV[at])
    at = at + 1
  end
  local reply = redis.pcall('XADD', KEYS[1], '*', unpack(ARGV, at, at + count - 1))
  if type(reply) == 'table' and reply.err then return reply end
  at = at + count
end
if trim > 0 then redis.call('XTRIM', KEYS[1], unpack(ARGV, 2, 1 + trim)) end
return 1`
