import { expect, it } from 'vitest'
import { Outbox, type Outgoing } from './outbox.ts'
import { createRing, NO_FRAME, RingReader, RingWriter } from './ring.ts'

function open(): { outbox: Outbox; readAll(): string[]; channel(channel: number): Outgoing } {
  const ring = createRing(256)
  const reader = new RingReader(ring)
  const outbox = new Outbox()
  outbox.connect(
    new RingWriter(ring),
    () => {},
    () => 0,
  )
  return {
    outbox,
    channel: (channel) => ({ channel, queuedBytes: 0, held: undefined }),
    /** `channel:length` of each frame whose bytes are those of its length. */
    readAll() {
      const read: string[] = []
      for (let turn = 0; turn < 50; turn++) {
        outbox.flush()
        reader.refresh()
        for (let channel = reader.next(); channel !== NO_FRAME; channel = reader.next()) {
          const frame = reader.copy()
          expect(frame.every((byte) => byte === (frame.length & 255))).toBe(true)
          read.push(`${channel}:${frame.length}`)
        }
      }
      return read
    },
  }
}

const frameOf = (length: number) => new Uint8Array(length).fill(length)

it('a channel that is held back lets the others pass, but not into the middle of a frame', () => {
  const { outbox, readAll, channel } = open()
  const [slow, quick] = [channel(0), channel(1)]
  outbox.send(slow, frameOf(1_000))
  outbox.send(slow, frameOf(30))
  outbox.send(quick, frameOf(20))
  outbox.hold(slow)
  outbox.send(slow, frameOf(31))
  outbox.send(quick, frameOf(21))
  expect([slow.queuedBytes, quick.queuedBytes]).toEqual([1_061, 41])
  expect(readAll()).toEqual(['0:1000', '1:20', '1:21'])
  expect([slow.queuedBytes, quick.queuedBytes]).toEqual([61, 0])
  expect(outbox.empty).toBe(false)
  outbox.resume(slow)
  outbox.send(slow, frameOf(32))
  expect(readAll()).toEqual(['0:30', '0:31', '0:32'])
  expect(outbox.empty).toBe(true)
})

it('a channel may be held back and resumed twice', () => {
  const { outbox, readAll, channel } = open()
  const slow = channel(0)
  outbox.hold(slow)
  outbox.hold(slow)
  outbox.send(slow, frameOf(5))
  expect(readAll()).toEqual([])
  outbox.resume(slow)
  outbox.resume(slow)
  expect(readAll()).toEqual(['0:5'])
  expect(outbox.empty).toBe(true)
})
