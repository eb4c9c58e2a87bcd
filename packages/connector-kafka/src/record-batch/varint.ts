const SMALL_MAX = 2 ** 30

/** Writes a signed number, zigzag and 7 bits to a byte, least significant first; returns where it ends. At most 10 bytes. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  if (value > SMALL_MAX || value < -SMALL_MAX) return writeVarlong(bytes, at, value)
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  let end = at
  while (rest > 0x7f) {
    bytes[end++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  bytes[end++] = rest
  return end
}

/** How many bytes `writeVarint` takes for it. */
export function varintBytes(value: number): number {
  if (value > SMALL_MAX || value < -SMALL_MAX) return varlongBytes(value)
  const rest = ((value << 1) ^ (value >> 31)) >>> 0
  return rest < 0x80 ? 1 : rest < 0x4000 ? 2 : rest < 0x200000 ? 3 : rest < 0x10000000 ? 4 : 5
}

function zigzag(value: number): bigint {
  const big = BigInt(value)
  return big >= 0n ? big << 1n : -(big << 1n) - 1n
}

function writeVarlong(bytes: Uint8Array, at: number, value: number): number {
  let rest = zigzag(value)
  let end = at
  while (rest > 0x7fn) {
    bytes[end++] = Number(rest & 0x7fn) | 0x80
    rest >>= 7n
  }
  bytes[end++] = Number(rest)
  return end
}

function varlongBytes(value: number): number {
  let count = 1
  for (let rest = zigzag(value); rest > 0x7fn; rest >>= 7n) count++
  return count
}
