const HASH_BITS = 14
/** As far back as both formats can point. */
export const DISTANCE_MAX = 65_535
export const MATCH_BYTES_MIN = 4

/** What a compressed block is made of: bytes as they are, then, unless it is the end, a repetition of earlier ones. */
export type TakeMatch = (literalStart: number, literalEnd: number, distance: number, matchBytes: number) => void

/**
 * Divides `bytes[start]` to `bytes[end - 1]` into literals and repetitions, greedily, with one table of
 * what four bytes were last seen where: fast rather than small, like the C versions of LZ4 and Snappy.
 * No repetition begins in the last `tail` bytes. Returns where the literals at the end begin.
 */
export function findMatches(bytes: Uint8Array, start: number, end: number, tail: number, take: TakeMatch): number {
  const seen = new Int32Array(1 << HASH_BITS).fill(-1)
  const last = end - Math.max(tail, MATCH_BYTES_MIN)
  let literalStart = start
  let at = start
  // Where nothing repeats, look less and less often.
  let misses = 0
  while (at <= last) {
    const four = fourBytes(bytes, at)
    const slot = Math.imul(four, 0x9e3779b1) >>> (32 - HASH_BITS)
    const candidate = seen[slot] as number
    seen[slot] = at
    if (candidate < 0 || at - candidate > DISTANCE_MAX || fourBytes(bytes, candidate) !== four) {
      at += 1 + (misses++ >> 6)
      continue
    }
    misses = 0
    let matchEnd = at + MATCH_BYTES_MIN
    const matchLimit = end - Math.max(0, tail - 7)
    while (matchEnd < matchLimit && bytes[matchEnd] === bytes[candidate + matchEnd - at]) matchEnd++
    take(literalStart, at, at - candidate, matchEnd - at)
    literalStart = matchEnd
    at = matchEnd
  }
  return literalStart
}

function fourBytes(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)
}
