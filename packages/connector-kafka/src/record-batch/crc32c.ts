const POLYNOMIAL = 0x82f63b78
const SLICES = 16
const WORD_BYTES = 4
const IS_LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1

/** `TABLES[256 * s + b]`: what the byte `b`, followed by `s` zero bytes, adds to the checksum ("slicing", Intel 2006). */
const TABLES = new Int32Array(256 * SLICES)
for (let byte = 0; byte < 256; byte++) {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0)
  TABLES[byte] = crc
}
for (let i = 256; i < TABLES.length; i++) {
  const shorter = TABLES[i - 256] as number
  TABLES[i] = (shorter >>> 8) ^ (TABLES[shorter & 0xff] as number)
}

/** The CRC-32C (Castagnoli) of `bytes[start]` to `bytes[end - 1]`, which Kafka puts into every batch; unsigned. */
export function crc32c(bytes: Uint8Array, start: number, end: number): number {
  if (!IS_LITTLE_ENDIAN || end - start < SLICES * 2) return (ofBytes(-1, bytes, start, end) ^ -1) >>> 0
  const aligned = start + ((WORD_BYTES - ((bytes.byteOffset + start) % WORD_BYTES)) % WORD_BYTES)
  const sliceCount = Math.floor((end - aligned) / SLICES)
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + aligned, sliceCount * (SLICES / WORD_BYTES))
  const crc = ofWords(ofBytes(-1, bytes, start, aligned), words)
  return (ofBytes(crc, bytes, aligned + sliceCount * SLICES, end) ^ -1) >>> 0
}

function ofBytes(begun: number, bytes: Uint8Array, start: number, end: number): number {
  let crc = begun
  for (let at = start; at < end; at++) crc = (crc >>> 8) ^ (TABLES[(crc ^ (bytes[at] as number)) & 0xff] as number)
  return crc
}

/** Four words, 16 bytes, at a time: each byte has a table of its own, so none waits for the one before. */
function ofWords(begun: number, words: Int32Array): number {
  const tables = TABLES
  let crc = begun
  for (let i = 0; i < words.length; i += 4) {
    const a = crc ^ (words[i] as number)
    const b = words[i + 1] as number
    const c = words[i + 2] as number
    const d = words[i + 3] as number
    crc =
      (tables[3840 + (a & 0xff)] as number) ^
      (tables[3584 + ((a >>> 8) & 0xff)] as number) ^
      (tables[3328 + ((a >>> 16) & 0xff)] as number) ^
      (tables[3072 + (a >>> 24)] as number) ^
      (tables[2816 + (b & 0xff)] as number) ^
      (tables[2560 + ((b >>> 8) & 0xff)] as number) ^
      (tables[2304 + ((b >>> 16) & 0xff)] as number) ^
      (tables[2048 + (b >>> 24)] as number) ^
      (tables[1792 + (c & 0xff)] as number) ^
      (tables[1536 + ((c >>> 8) & 0xff)] as number) ^
      (tables[1280 + ((c >>> 16) & 0xff)] as number) ^
      (tables[1024 + (c >>> 24)] as number) ^
      (tables[768 + (d & 0xff)] as number) ^
      (tables[512 + ((d >>> 8) & 0xff)] as number) ^
      (tables[256 + ((d >>> 16) & 0xff)] as number) ^
      (tables[d >>> 24] as number)
  }
  return crc
}
