const POLYNOMIAL = 0x82f63b78
const SLICES = 8

/** `TABLES[256 * s + b]`: what the byte `b`, followed by `s` zero bytes, adds to the checksum ("slicing by 8", Intel 2006). */
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
  const tables = TABLES
  let crc = -1
  let at = start
  // Unaligned reads of bytes beat a DataView here; the typed array accesses are in bounds by the loop conditions.
  for (const last = end - SLICES; at <= last; at += SLICES) {
    crc ^= (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)
    crc =
      (tables[1792 + (crc & 0xff)] as number) ^
      (tables[1536 + ((crc >>> 8) & 0xff)] as number) ^
      (tables[1280 + ((crc >>> 16) & 0xff)] as number) ^
      (tables[1024 + (crc >>> 24)] as number) ^
      (tables[768 + (bytes[at + 4] as number)] as number) ^
      (tables[512 + (bytes[at + 5] as number)] as number) ^
      (tables[256 + (bytes[at + 6] as number)] as number) ^
      (tables[bytes[at + 7] as number] as number)
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ (tables[(crc ^ (bytes[at] as number)) & 0xff] as number)
  return (crc ^ -1) >>> 0
}
