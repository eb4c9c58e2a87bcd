/** CRC-16/CDMA2000: polynomial C867, not reflected, no final xor. The one of `123456789` is 4C06. */
export const CRC16_START = 0xffff

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0xc867) & 0xffff : (crc << 1) & 0xffff
  return crc
})

/** Goes on from `crc` with `bytes`. */
export function crc16(bytes: Uint8Array, crc = CRC16_START): number {
  let next = crc
  for (let i = 0; i < bytes.length; i++) next = step(next, bytes[i] as number)
  return next
}

function step(crc: number, byte: number): number {
  return ((crc << 8) & 0xffff) ^ (TABLE[(crc >> 8) ^ byte] as number)
}

/** Goes on from the running checksum of a stream with the checksum of one of its messages. */
export function runningCrc16(running: number, checksum: number): number {
  return step(step(running, checksum >> 8), checksum & 0xff)
}
