import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRing, NO_FRAME, RingReader, RingWriter } from './ring.ts'

const RING = 256

/** Bytes that tell frames and places in them apart. */
function frameOf(number: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (number * 31 + i) & 255)
}

function ends(ringBytes = RING, position = 0) {
  const ring = createRing(ringBytes, position)
  return { writer: new RingWriter(ring), reader: new RingReader(ring) }
}

type Step =
  | { readonly do: 'write'; readonly length: number; readonly channel: number }
  | { readonly do: 'borrow' | 'copy' | 'release' | 'park' }

const length = fc.oneof(fc.constantFrom(0, 1, 7, 8, 9, 56, 57, RING - 8, RING, RING + 1), fc.nat(64), fc.nat(3 * RING))
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('write' as const), length, channel: fc.nat(5) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('borrow' as const, 'copy' as const, 'release' as const, 'park' as const) }) },
)
/** Also where positions overflow. */
const position = fc.constantFrom(0, 8, 2 ** 31 - 64, -(2 ** 31), -64)

describe('a ring', () => {
  it('is a queue of frames of any size, whatever is written, borrowed and released when', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), position, (steps, position) => {
        const { writer, reader } = ends(RING, position)
        const written: { channel: number; frame: Uint8Array }[] = []
        let pending: { channel: number; frame: Uint8Array } | undefined
        let lent: { bytes: Uint8Array; should: Uint8Array } | undefined
        let count = 0
        const read = (how: 'borrow' | 'copy') => {
          reader.release()
          lent = undefined
          reader.refresh()
          const channel = reader.next()
          if (channel === NO_FRAME) return false
          const { frame: should, channel: right } = written.shift() ?? { frame: undefined, channel: undefined }
          // A frame in pieces is complete only once `write` has said so.
          expect(channel).toBe(right)
          const bytes = how === 'borrow' ? reader.borrow() : reader.copy()
          expect(bytes).toEqual(should)
          if (how === 'borrow') lent = { bytes, should: should as Uint8Array }
          return true
        }
        const write = () => {
          if (pending === undefined || !writer.write(pending.channel, pending.frame)) return
          written.push(pending)
          pending = undefined
        }
        for (const step of steps) {
          if (step.do === 'write') {
            pending ??= { channel: step.channel, frame: frameOf(count++, step.length) }
            write()
          } else if (step.do === 'release') {
            reader.release()
            lent = undefined
          } else if (step.do === 'park') {
            if (pending === undefined && written.length === 0) {
              reader.refresh()
              expect(reader.next()).toBe(NO_FRAME)
              expect(reader.park()).toBe(true)
            }
          } else read(step.do)
          if (lent !== undefined) expect(lent.bytes).toEqual(lent.should)
        }
        for (let turn = 0; pending !== undefined || written.length > 0; turn++) {
          expect(turn).toBeLessThan(1_000)
          write()
          read('copy')
        }
      }),
      { numRuns: 500 },
    )
  })

  it('goes on when its positions pass 2^31 and 2^32', () => {
    for (const position of [2 ** 31 - 512, -512]) {
      const { writer, reader } = ends(RING, position | 0)
      for (let i = 0; i < 200; i++) {
        const frame = frameOf(i, i % 40)
        expect(writer.write(i, frame)).toBe(true)
        reader.refresh()
        expect(reader.next()).toBe(i)
        expect(reader.copy()).toEqual(frame)
      }
    }
  })

  it('lends frames where they lie, at multiples of 8, unless they go over the edge', () => {
    const { writer, reader } = ends(1_024)
    let views = 0
    for (let i = 0; i < 100; i++) {
      writer.write(0, frameOf(i, 100))
      reader.refresh()
      reader.next()
      const bytes = reader.borrow()
      expect(bytes).toEqual(frameOf(i, 100))
      if (bytes.buffer instanceof SharedArrayBuffer) {
        views++
        expect(bytes.byteOffset % 8).toBe(0)
      }
      reader.release()
    }
    expect(views).toBeGreaterThan(85)
  })

  it('has no room for what is lent out, until it is released', () => {
    const { writer, reader } = ends()
    writer.write(0, frameOf(0, 40))
    reader.refresh()
    reader.next()
    reader.borrow()
    let written = 0
    while (writer.write(0, frameOf(1, 40))) written++
    expect(written).toBe(4)
    reader.refresh()
    while (reader.next() !== NO_FRAME) reader.copy()
    expect(reader.obstructs).toBe(true)
    expect(writer.write(0, frameOf(1, 40))).toBe(false)
    reader.release()
    expect(reader.obstructs).toBe(false)
    expect(writer.write(0, frameOf(1, 40))).toBe(true)
  })

  it('shows a reader nothing that was written after its last refresh', () => {
    const { writer, reader } = ends()
    writer.write(1, frameOf(0, 1))
    reader.refresh()
    writer.write(2, frameOf(0, 1))
    expect(reader.next()).toBe(1)
    reader.copy()
    expect(reader.next()).toBe(NO_FRAME)
    expect(reader.park()).toBe(false)
    reader.refresh()
    expect(reader.next()).toBe(2)
  })

  it('owes a parked reader exactly one wake-up', () => {
    const { writer, reader } = ends()
    expect(writer.unparkReader()).toBe(false)
    expect(reader.park()).toBe(true)
    writer.write(0, frameOf(0, 1))
    expect(writer.unparkReader()).toBe(true)
    expect(writer.unparkReader()).toBe(false)
    expect(reader.park()).toBe(false)
  })

  it('owes a parked writer one wake-up, when half of the ring is free', () => {
    const { writer, reader } = ends()
    for (let i = 0; i < 8; i++) expect(writer.write(0, frameOf(i, 24))).toBe(true)
    expect(writer.write(0, frameOf(0, 24))).toBe(false)
    expect(writer.park()).toBe(true)
    reader.refresh()
    for (let read = 1; read <= 8; read++) {
      reader.next()
      reader.copy()
      expect(reader.unparkWriter()).toBe(read === 4)
    }
    expect(writer.park()).toBe(false)
  })

  it('does not let a writer wait for a reader that has closed', () => {
    const { writer, reader } = ends()
    while (writer.write(0, frameOf(0, 24)));
    reader.close()
    expect(writer.closed).toBe(true)
    expect(writer.park()).toBe(false)
  })

  it('has a size that is a power of two', () => {
    expect(() => createRing(1_000)).toThrow('a ring of 1000 bytes')
    expect(() => createRing(32)).toThrow('a ring of 32 bytes')
  })
})
