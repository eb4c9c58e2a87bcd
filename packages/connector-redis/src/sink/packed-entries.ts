import type { RedisArgument } from '../client/redis-port.ts'

/** The size of a part comes before it. */
const SIZE_BYTES = 4
/** The most bytes that UTF-8 needs for one unit of a string. */
const UNIT_BYTES_MAX = 3

/**
 * The names and values of entries as one argument of a script, which takes the server less time than as many arguments, and may be as many
 * as one likes. `ADD_PACKED` reads it:
 *
 *     parts of each entry | names | values of the first entry | values of the second ...     where all entries have the same names
 *     0 | parts of the first entry | its names and values in turn | parts of the second ...  otherwise
 *
 * Numbers have four bytes, the high ones first; every name and value comes behind its size.
 */
export function packed(entries: readonly (readonly RedisArgument[])[]): Buffer {
  const [first = []] = entries
  const isUniform = entries.every((entry) => hasNamesOf(entry, first))
  let size = SIZE_BYTES
  let longest = 0
  for (const entry of entries) {
    size += SIZE_BYTES
    for (const part of entry) {
      size += part.length + SIZE_BYTES
      if (part.length > longest) longest = part.length
    }
  }
  // As if all were ASCII, with room for one that is not; with more of them it grows.
  const writer = new PartWriter(size + (UNIT_BYTES_MAX - 1) * longest)
  writer.number(isUniform ? first.length : 0)
  if (isUniform) for (let i = 0; i < first.length; i += 2) writer.part(first[i] as RedisArgument)
  for (const entry of entries) {
    if (!isUniform) writer.number(entry.length)
    for (let i = isUniform ? 1 : 0; i < entry.length; i += isUniform ? 2 : 1) writer.part(entry[i] as RedisArgument)
  }
  return writer.bytes()
}

function hasNamesOf(entry: readonly RedisArgument[], first: readonly RedisArgument[]): boolean {
  if (entry.length !== first.length) return false
  for (let i = 0; i < entry.length; i += 2) if (entry[i] !== first[i]) return false
  return true
}

class PartWriter {
  #buffer: Buffer
  #at = 0

  constructor(capacity: number) {
    this.#buffer = Buffer.allocUnsafe(capacity)
  }

  number(number: number): void {
    this.#reserve(SIZE_BYTES)
    this.#at = this.#buffer.writeUInt32BE(number, this.#at)
  }

  part(part: RedisArgument): void {
    const start = this.#at + SIZE_BYTES
    let size = part.length
    if (typeof part === 'string') {
      this.#reserve(SIZE_BYTES + UNIT_BYTES_MAX * part.length)
      size = this.#buffer.write(part, start)
    } else {
      this.#reserve(SIZE_BYTES + part.length)
      this.#buffer.set(part, start)
    }
    this.#buffer.writeUInt32BE(size, this.#at)
    this.#at = start + size
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#at)
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(2 * this.#buffer.length + bytes)
    larger.set(this.#buffer.subarray(0, this.#at))
    this.#buffer = larger
  }
}

/**
 * A function of Lua that adds packed entries to a stream: all of them, or none. Returns what refuses one of them, and otherwise nothing.
 * Entries that were added before one that is refused are deleted again, before anybody can have seen them.
 */
export const ADD_PACKED = `
local function addPacked(stream, packed)
  local take, add, added, size = struct.unpack, redis.pcall, {}, #packed
  local parts, at = take('>I4', packed, 1)
  local isUniform, count, command = parts > 0, parts, {'XADD', stream, '*'}
  if isUniform then
    for i = 4, 3 + parts, 2 do command[i], at = take('>I4c0', packed, at) end
  end
  while at <= size do
    local reply
    if parts == 2 then
      local value
      value, at = take('>I4c0', packed, at)
      reply = add('XADD', stream, '*', command[4], value)
    else
      if not isUniform then count, at = take('>I4', packed, at) end
      for i = isUniform and 5 or 4, 3 + count, isUniform and 2 or 1 do command[i], at = take('>I4c0', packed, at) end
      reply = add(unpack(command, 1, 3 + count))
    end
    if type(reply) == 'table' then
      for _, id in ipairs(added) do redis.call('XDEL', stream, id) end
      return reply
    end
    added[#added + 1] = reply
  end
end
`
