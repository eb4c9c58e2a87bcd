import { createRequire } from 'node:module'
import { gzipSync } from 'node:zlib'
import { MalstromError } from '@malstrom/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CompressionName } from './compression.ts'
import { compressionById, compressionOf } from './compressions.ts'
import { zstdWith } from './zstd.ts'

const require = createRequire(import.meta.url)
const snappyjs: { compress(bytes: Uint8Array): Uint8Array; uncompress(bytes: Uint8Array): Uint8Array } = require('snappyjs')

const BYTES_MAX = 1024 * 1024
/** Long and short runs, repetitions near and far, and noise. */
const contents = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom('', 'a', 'abcd', 'kafka', 'the same again ', '0'.repeat(700)).map((text) => Buffer.from(text)),
      fc.tuple(fc.nat(255), fc.nat(70_000)).map(([byte, length]) => new Uint8Array(length).fill(byte)),
    ),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.concat(parts))
const TEXT = Buffer.from('{"customer":"ann","amount":1}\n'.repeat(5_000))
/** What the command line tools were given. */
const TEXT_OF_TOOLS = 'kafka kafka kafka kafka kafka kafka kafka\n'
const writable: CompressionName[] = ['gzip', 'snappy', 'lz4']

describe.each(writable)('%s', (name) => {
  const compression = compressionOf(name)

  it('gives back what was compressed', () => {
    fc.assert(
      fc.property(contents, (bytes) => {
        expect(Buffer.compare(compression.decompress(compression.compress(bytes), BYTES_MAX), bytes)).toBe(0)
      }),
      { numRuns: 60 },
    )
  })

  it('makes text smaller', () => {
    expect(compression.compress(TEXT).length).toBeLessThan(TEXT.length / 10)
  })

  it('refuses more than the bound, and does not make room for it', () => {
    const small = compression.compress(new Uint8Array(BYTES_MAX))
    expect(() => compression.decompress(small, BYTES_MAX - 1)).toThrow(expect.objectContaining({ code: 'ERR_RECORD_TOO_LARGE' }))
    expect(compression.decompress(small, BYTES_MAX).length).toBe(BYTES_MAX)
  })

  it('refuses what is cut off or changed, or gives something within the bound', () => {
    const whole = compression.compress(TEXT.subarray(0, 5_000))
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.boolean(), (at, byte, cut) => {
        const bytes = cut ? whole.slice(0, at) : whole.slice()
        if (!cut) bytes[at] = byte
        try {
          expect(compression.decompress(bytes, BYTES_MAX).length).toBeLessThanOrEqual(BYTES_MAX)
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(MalstromError)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('ends on noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        try {
          expect(compression.decompress(noise, BYTES_MAX).length).toBeLessThanOrEqual(BYTES_MAX)
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(MalstromError)
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('snappy', () => {
  const FRAME_BYTES = 16 + 4

  it('is read without the frame of Java, as librdkafka writes it', () => {
    fc.assert(
      fc.property(contents, (bytes) => {
        expect(Buffer.compare(compressionOf('snappy').decompress(snappyjs.compress(bytes), BYTES_MAX), bytes)).toBe(0)
      }),
      { numRuns: 30 },
    )
  })

  it('is written in blocks that others read', () => {
    const bytes = TEXT.subarray(0, 30_000)
    const written = compressionOf('snappy').compress(bytes)
    expect(Buffer.compare(snappyjs.uncompress(written.subarray(FRAME_BYTES)), bytes)).toBe(0)
    expect(written.subarray(0, 16)).toEqual(Buffer.from('82534e41505059000000000100000001', 'hex'))
  })

  it('ends on the literal of negative length on which snappyjs runs for ever', () => {
    // Announces 1 byte, then a literal with a length of four bytes, 0xfffffff0.
    const crafted = Buffer.from([1, 63 << 2, 0xf0, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    expect(() => compressionOf('snappy').decompress(crafted, BYTES_MAX)).toThrow('a literal is cut off')
  })
})

describe('lz4', () => {
  // By the command line tool 1.9.4, of TEXT_OF_TOOLS.
  it.each<[name: string, hex: string]>([
    ['with a checksum of the content', '04224d186440a7100000006f6b61666b612006000c5061666b610a000000009cfc2a4d'],
    ['without', '04224d18604082100000006f6b61666b612006000c5061666b610a00000000'],
    [
      'with its size and checksums of the blocks',
      '04224d187c402a0000000000000092100000006f6b61666b612006000c5061666b610a27d25ffb000000009cfc2a4d',
    ],
  ])('is read as others write it, %s', (_, hex) => {
    const frame = Buffer.from(hex, 'hex')
    expect(Buffer.from(compressionOf('lz4').decompress(frame, BYTES_MAX)).toString()).toBe(TEXT_OF_TOOLS)
    const twice = compressionOf('lz4').decompress(Buffer.concat([frame, frame]), BYTES_MAX)
    expect(Buffer.from(twice).toString()).toBe(TEXT_OF_TOOLS + TEXT_OF_TOOLS)
  })

  it('refuses a header that was changed', () => {
    const frame = Buffer.from(compressionOf('lz4').compress(TEXT))
    frame[5] = 7 << 4
    expect(() => compressionOf('lz4').decompress(frame, BYTES_MAX)).toThrow('another checksum')
  })
})

describe('zstd', () => {
  // By the command line tool 1.5.4, of TEXT_OF_TOOLS and of 100,000 zeros.
  const FRAME = Buffer.from('28b52ffd04586d0000386b61666b61200a0100429622aee934a6', 'hex')
  const ZEROS = Buffer.from('28b52ffd045855000010000001009b8639c002db234ef3', 'hex')

  it('is read by Node or by fzstd', () => {
    for (const compression of [compressionOf('zstd'), zstdWith({}, require)]) {
      expect(Buffer.from(compression.decompress(FRAME, BYTES_MAX)).toString()).toBe(TEXT_OF_TOOLS)
      expect(Buffer.compare(compression.decompress(ZEROS, 100_000), new Uint8Array(100_000))).toBe(0)
      expect(() => compression.decompress(ZEROS, 99_999)).toThrow(expect.objectContaining({ code: 'ERR_RECORD_TOO_LARGE' }))
      for (const wrong of [FRAME.subarray(0, 12), Buffer.from('no zstd'), Buffer.from([])]) {
        expect(() => compression.decompress(wrong, BYTES_MAX)).toThrow(MalstromError)
      }
    }
  })

  it('without either says which package to install', () => {
    const bare = zstdWith({}, () => {
      throw new Error("Cannot find module 'fzstd'")
    })
    expect(() => bare.decompress(FRAME, BYTES_MAX)).toThrow(
      expect.objectContaining({ code: 'ERR_DEPENDENCY_MISSING', message: expect.stringContaining('npm install fzstd') }),
    )
    expect(() => bare.compress(FRAME)).toThrow('Use Node 22.15 or later, or another compression.')
  })

  it('is left to Node where it can', () => {
    const refuse = () => {
      throw new Error('not needed')
    }
    const node = zstdWith({ zstdCompressSync: (bytes) => gzipSync(bytes), zstdDecompressSync: () => Buffer.from('unpacked') }, refuse)
    expect(Buffer.from(node.decompress(node.compress(TEXT), BYTES_MAX)).toString()).toBe('unpacked')
  })
})

it('a compression that there is not is refused with the names of those that there are', () => {
  expect(() => compressionOf('snapy' as CompressionName)).toThrow('"snapy" is no compression. Did you mean snappy? There is none, gzip,')
  expect(compressionById(7)).toBeUndefined()
})
