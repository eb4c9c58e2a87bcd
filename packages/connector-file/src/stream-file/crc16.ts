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
  for (let i = 0; i < bytes.length; i++) next = ((next << 8) & 0xffff) ^ (TABLE[(next >> 8) ^ (bytes[i] as number)] as number)
  return next
}

/** Goes on from the running checksum of a stream with the checksum of one of its messages. */
export function runningCrc16(running: number, checksum: number): number {
  return crc16(Uint8Array.of(checksum >> 8, checksum & 0xff), running)
}
