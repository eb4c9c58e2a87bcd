import fc from 'fast-check'
import { expect, it } from 'vitest'
import { crc32c } from './crc32c.ts'

/** By the definition, one bit at a time. */
function slow(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0)
  }
  return ~crc >>> 0
}

it.each<[name: string, bytes: Uint8Array, crc: number]>([
  ['the digits', Buffer.from('123456789'), 0xe3069283],
  ['32 zeros (RFC 3720, B.4)', new Uint8Array(32), 0x8a9136aa],
  ['32 times 0xff', new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ['0 to 31', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
  ['nothing', new Uint8Array(), 0],
])('the checksum of %s is the published one', (_, bytes, crc) => {
  expect(crc32c(bytes, 0, bytes.length)).toBe(crc)
})

it('the checksum of any part of any bytes is the one of the definition', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), fc.nat(200), fc.nat(9), (content, a, b, shift) => {
      const bytes = new Uint8Array(content.length + shift).subarray(shift)
      bytes.set(content)
      const [start, end] = [Math.min(a, b, bytes.length), Math.min(Math.max(a, b), bytes.length)]
      expect(crc32c(bytes, start, end)).toBe(slow(bytes.subarray(start, end)))
    }),
  )
})
