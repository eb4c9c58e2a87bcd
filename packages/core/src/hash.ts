import type { Key, PrimitiveKey } from './key.ts'

/**
 * The specified hash of keys and operator names. State placement depends on it, so it never changes:
 * `hash.test.ts` holds golden vectors.
 *
 * It is MurmurHash3_x86_32 (Austin Appleby, public domain) with one seed per type:
 *
 * | type | seed | bytes |
 * |---|---|---|
 * | string | 0 | the UTF-16 code units, little-endian; an odd last unit is a tail of two bytes |
 * | number | 1 | the eight bytes of the float64, little-endian; -0 as 0 |
 * | bigint | 2 | its lower-case hexadecimal text, as a string |
 * | boolean | 3 | one 32-bit word, 0 or 1 |
 * | tuple | 4 | the 32-bit hashes of the elements, in order |
 */
export function hashKey(key: Key): number {
  return bitsOfKey(key) >>> 0
}

/** The 32-bit hash of a string; operator names become operator ids with it. */
export function hashString(text: string, seed = STRING_SEED): number {
  return bitsOfString(text, seed) >>> 0
}

/** The key group of a hash: the unit in which keyed state is saved and moved. */
export function keyGroupOf(hash: number, groups: number): number {
  return hash % groups
}

/** Mixes two 32-bit hashes into one, not symmetrically. */
export function combineHashes(a: number, b: number): number {
  return weightOf(baseOf(a), b) >>> 0
}

// Within this package hashes are signed: V8 puts half of the numbers from 0 to 2^32 on its heap, and none of these.

/** The bits of `hashKey`. */
export function bitsOfKey(key: Key): number {
  // The shortest way for the keys whose hash takes the least: V8 inlines only so much.
  return typeof key === 'number' ? bitsOfNumber(key) : bitsOfOther(key)
}

/** What the combinations of the hash `a` with others have in common. */
export function baseOf(a: number): number {
  return mixBlock(TUPLE_SEED, a)
}

/** The bits of `combineHashes`, from the base of its first argument. */
export function weightOf(base: number, b: number): number {
  return finish(mixBlock(base, b), 8)
}

const STRING_SEED = 0
const NUMBER_SEED = 1
const BIGINT_SEED = 2
const BOOLEAN_SEED = 3
const TUPLE_SEED = 4

const float = new Float64Array(1)
const words = new Int32Array(float.buffer)
/** Which of the two words of a float64 is the low one, on this machine. */
const LOW = new Uint8Array(new Int32Array([1]).buffer)[0] === 1 ? 0 : 1

function bitsOfOther(key: Key): number {
  return typeof key === 'object' ? bitsOfTuple(key) : bitsOfPrimitive(key)
}

function bitsOfPrimitive(key: PrimitiveKey): number {
  switch (typeof key) {
    case 'string':
      return bitsOfString(key, STRING_SEED)
    case 'number':
      return bitsOfNumber(key)
    case 'bigint':
      return bitsOfString(key.toString(16), BIGINT_SEED)
    default:
      return finish(mixBlock(BOOLEAN_SEED, key ? 1 : 0), 4)
  }
}

function bitsOfString(text: string, seed: number): number {
  let hash = seed
  const paired = text.length & ~1
  for (let i = 0; i < paired; i += 2) hash = mixBlock(hash, text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16))
  if (paired < text.length) hash = mixTail(hash, text.charCodeAt(paired))
  return finish(hash, text.length * 2)
}

function bitsOfNumber(key: number): number {
  float[0] = key === 0 ? 0 : key
  return finish(mixBlock(mixBlock(NUMBER_SEED, words[LOW] as number), words[1 - LOW] as number), 8)
}

function bitsOfTuple(key: readonly PrimitiveKey[]): number {
  let hash = TUPLE_SEED
  for (let i = 0; i < key.length; i++) hash = mixBlock(hash, bitsOfPrimitive(key[i] as PrimitiveKey))
  return finish(hash, key.length * 4)
}

function mixTail(hash: number, block: number): number {
  const k = Math.imul(block, 0xcc9e2d51)
  return hash ^ Math.imul((k << 15) | (k >>> 17), 0x1b873593)
}

function mixBlock(hash: number, block: number): number {
  const mixed = mixTail(hash, block)
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0
}

function finish(hash: number, byteLength: number): number {
  let h = hash ^ byteLength
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
