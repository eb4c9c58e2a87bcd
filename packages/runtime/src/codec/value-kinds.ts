/** What a value encoded by itself begins with. Part of the format: never change a number. */
export const Tag = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  /** A whole number below 2^31 in size: sign and bits as one varUint. */
  int: 4,
  float: 5,
  latin1: 6,
  utf16: 7,
  bigint: 8,
  date: 9,
  array: 10,
  /** A place of an array that was never set. */
  hole: 11,
  object: 12,
  /** An object without a prototype. */
  bareObject: 13,
  map: 14,
  set: 15,
  arrayBuffer: 16,
  typedArray: 17,
} as const

/** Typed arrays by their number in the format. */
export const typedArrays = [
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
] as const

/** Objects and arrays within each other. */
export const DEPTH_MAX = 200

const LATIN1 = /^[\0-\u00ff]*$/

export function isLatin1(text: string): boolean {
  return LATIN1.test(text)
}

/** A whole number of 32 bits, and not -0. */
export function isInt32(value: unknown): value is number {
  return value === ((value as number) | 0) && !Object.is(value, -0)
}

/** How an object is encoded; `undefined` if it cannot be. */
export function kindOf(
  value: object,
): 'array' | 'object' | 'bareObject' | 'map' | 'set' | 'date' | 'arrayBuffer' | 'typedArray' | undefined {
  const prototype = Object.getPrototypeOf(value)
  if (prototype === Object.prototype) return 'object'
  if (prototype === Array.prototype) return 'array'
  if (prototype === null) return 'bareObject'
  if (prototype === Map.prototype) return 'map'
  if (prototype === Set.prototype) return 'set'
  if (prototype === Date.prototype) return 'date'
  if (prototype === ArrayBuffer.prototype) return 'arrayBuffer'
  if (ArrayBuffer.isView(value)) return typedArrayIndex(value) >= 0 ? 'typedArray' : undefined
  return undefined
}

/** The number of the type in the format. A `Buffer` counts as a `Uint8Array`. */
export function typedArrayIndex(value: ArrayBufferView): number {
  if (Buffer.isBuffer(value)) return 0
  return typedArrays.findIndex((type) => Object.getPrototypeOf(value) === type.prototype)
}
