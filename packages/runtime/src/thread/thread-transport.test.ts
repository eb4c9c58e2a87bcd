import type { Link, PeerId } from '@malstrom/core'
import { describe, expect, it } from 'vitest'
import { turns, within } from '../fixture/event-loop.ts'
import { createEnds } from './ends.ts'
import { ThreadTransport } from './thread-transport.ts'

const RING = 4_096

function frameOf(number: number, length: number): Uint8Array {
  const frame = new Uint8Array(length)
  for (let i = 0; i < length; i++) frame[i] = number * 31 + i
  return frame
}

/** Like `toEqual`, which takes its time over long arrays. */
function mustEqual(frames: readonly Uint8Array[], expected: readonly Uint8Array[]): void {
  expect(frames.map(({ length }) => length)).toEqual(expected.map(({ length }) => length))
  for (const [i, frame] of frames.entries()) expect(Buffer.compare(frame, expected[i] as Uint8Array), `frame ${i}`).toBe(0)
}

/** Worker 0 and worker 1, in one thread, as that makes no difference to them. */
function pair(ringBytes = RING) {
  const [a, b] = createEnds(ringBytes)
  const left = new ThreadTransport()
  const right = new ThreadTransport()
  const connect = () => {
    left.addPeer(1, a)
    right.addPeer(0, b)
  }
  return { left, right, connect }
}

/** A link that remembers what it was told, and receives when told to unless it is `lazy`. */
function open(transport: ThreadTransport, peer: PeerId, channel: number, lazy = false) {
  const frames: Uint8Array[] = []
  const seen = { frames, readable: 0, failures: [] as Error[] }
  const link: Link = transport.open(peer, channel, {
    readable() {
      seen.readable++
      if (!lazy) receiveAll(link, frames)
    },
    failed: (error) => seen.failures.push(error),
  })
  return Object.assign(seen, { link })
}

function receiveAll(link: Link, frames: Uint8Array[] = []): Uint8Array[] {
  for (let frame = link.receive(); frame !== undefined; frame = link.receive()) frames.push(frame.slice())
  return frames
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const poll = async () => {
    while (!condition()) await turns(1)
  }
  await within(10_000, what, poll())
}

describe('links between threads', () => {
  it('deliver frames of any size in order, on every channel by itself', async () => {
    const { left, right, connect } = pair()
    connect()
    const sizes = [0, 1, 8, 100, 1_000, 2_000, 4_000, RING, RING + 1, 3 * RING, 0, 5]
    const senders = [open(left, 1, 0), open(left, 1, 7)]
    const receivers = [open(right, 0, 0), open(right, 0, 7)]
    for (const [i, size] of sizes.entries()) for (const { link } of senders) link.send(frameOf(i, size))
    await until('the last frame', () => receivers.every(({ frames }) => frames.length === sizes.length))
    for (const { frames } of receivers)
      mustEqual(
        frames,
        sizes.map((size, i) => frameOf(i, size)),
      )
    await Promise.all([left.close(), right.close()])
  })

  it('keep what is sent before there is a peer, and before it opens the channel', async () => {
    const { left, right, connect } = pair()
    const sender = open(left, 1, 3)
    sender.link.send(frameOf(1, 10))
    expect(sender.link.queuedBytes).toBe(10)
    expect(sender.link.receive()).toBeUndefined()
    connect()
    expect(sender.link.queuedBytes).toBe(0)
    const other = open(right, 0, 1)
    await turns(5)
    const receiver = open(right, 0, 3)
    await until('the frame', () => receiver.frames.length > 0)
    expect(receiver.frames).toEqual([frameOf(1, 10)])
    expect(other.readable).toBe(0)
  })

  it('leave the bytes to the sender when send returns, also if there was no room', async () => {
    const { left, right, connect } = pair()
    connect()
    const sender = open(left, 1, 0)
    const receiver = open(right, 0, 0)
    const buffer = new Uint8Array(600)
    for (let i = 0; i < 20; i++) {
      buffer.fill(i)
      sender.link.send(buffer)
    }
    await until('the frames', () => receiver.frames.length === 20)
    mustEqual(
      receiver.frames,
      Array.from({ length: 20 }, (_, i) => new Uint8Array(600).fill(i)),
    )
  })

  it('count what has no room, until it has', async () => {
    const { left, right, connect } = pair()
    connect()
    const sender = open(left, 1, 0)
    const receiver = open(right, 0, 0, true)
    for (let i = 0; i < 10; i++) sender.link.send(frameOf(i, 1_000))
    // Four frames and their headers fill the ring.
    expect(sender.link.queuedBytes).toBe(6_000)
    await turns(5)
    expect(sender.link.queuedBytes).toBe(6_000)
    const frames: Uint8Array[] = []
    const poll = async () => {
      while (receiveAll(receiver.link, frames).length < 10) await turns(1)
    }
    await within(10_000, 'the rest', poll())
    expect(sender.link.queuedBytes).toBe(0)
    mustEqual(
      frames,
      Array.from({ length: 10 }, (_, i) => frameOf(i, 1_000)),
    )
  })

  it('say readable once, until receive has returned undefined again', async () => {
    const { left, right, connect } = pair()
    connect()
    const sender = open(left, 1, 0)
    const receiver = open(right, 0, 0, true)
    for (let i = 0; i < 3; i++) {
      sender.link.send(frameOf(i, 10))
      await turns(5)
    }
    expect(receiver.readable).toBe(1)
    expect(receiveAll(receiver.link)).toHaveLength(3)
    sender.link.send(frameOf(3, 10))
    await until('the second readable', () => receiver.readable === 2)
  })

  it('wake the other thread once for what it finds in one go, and nobody for nothing', async () => {
    const [a, b] = createEnds(RING)
    const woken = { left: 0, right: 0 }
    a.port.on('message', () => woken.left++)
    b.port.on('message', () => woken.right++)
    const [left, right] = [new ThreadTransport(), new ThreadTransport()]
    left.addPeer(1, a)
    right.addPeer(0, b)
    const sender = open(left, 1, 0)
    const receiver = open(right, 0, 0)
    await turns(5)
    for (let i = 0; i < 3; i++) sender.link.send(frameOf(i, 10))
    await turns(50)
    expect(receiver.frames).toHaveLength(3)
    expect(woken).toEqual({ left: 0, right: 1 })
  })

  it('do not wait for each other: a channel that nobody reads does not stop the next one', async () => {
    const { left, right, connect } = pair()
    connect()
    const [stuck, quick] = [open(left, 1, 0), open(left, 1, 1)]
    const [lazy, receiver] = [open(right, 0, 0, true), open(right, 0, 1)]
    for (let i = 0; i < 50; i++) {
      stuck.link.send(frameOf(i, 1_000))
      quick.link.send(frameOf(i, 10))
    }
    await until('the frames of the other channel', () => receiver.frames.length === 50)
    expect(stuck.link.queuedBytes).toBeLessThan(RING)
    mustEqual(
      receiveAll(lazy.link),
      Array.from({ length: 50 }, (_, i) => frameOf(i, 1_000)),
    )
  })

  it('do not wait for whoever holds a frame and receives no more', async () => {
    const { left, right, connect } = pair()
    connect()
    const [stuck, quick] = [open(left, 1, 0), open(left, 1, 1)]
    const lazy = open(right, 0, 0, true)
    stuck.link.send(frameOf(0, 1_000))
    await until('the first frame', () => lazy.readable === 1)
    const receiver = open(right, 0, 1)
    const held = lazy.link.receive() as Uint8Array
    expect(held.buffer).toBeInstanceOf(SharedArrayBuffer)
    for (let i = 1; i < 50; i++) stuck.link.send(frameOf(i, 1_000))
    quick.link.send(frameOf(7, 10))
    await until('the frame behind', () => receiver.frames.length === 1)
    expect(receiveAll(lazy.link)).toHaveLength(49)
  })

  it('give out bytes that stay as they are until the next receive', async () => {
    const { left, right, connect } = pair()
    connect()
    const sender = open(left, 1, 0)
    const receiver = open(right, 0, 0, true)
    for (let i = 0; i < 200; i++) {
      for (let j = 0; j < 3; j++) sender.link.send(frameOf(i + j, 900))
      const poll = async () => {
        for (let j = 0; j < 3; ) {
          const frame = receiver.link.receive()
          await turns(1)
          if (frame !== undefined) mustEqual([frame], [frameOf(i + j++, 900)])
        }
      }
      await within(10_000, 'three frames', poll())
    }
  })
})

describe('a lost peer', () => {
  it('fails all its links, once, and those that are opened later', async () => {
    const { left, connect } = pair()
    connect()
    const links = [open(left, 1, 0), open(left, 1, 1)]
    const other = open(left, 2, 0)
    for (let i = 0; i < 10; i++) links[0]?.link.send(frameOf(i, 1_000))
    left.peerLost(1, new Error('it went'))
    left.peerLost(1, new Error('it went again'))
    const late = open(left, 1, 2)
    await turns(5)
    for (const { failures } of [...links, late]) expect(failures.map(({ message }) => message)).toEqual(['it went'])
    expect(other.failures).toEqual([])
    expect(links[0]?.link.queuedBytes).toBe(0)
    links[0]?.link.send(frameOf(0, 10))
    await within(10_000, 'close', left.close())
  })

  it('may be lost before it was added', async () => {
    const { left, right, connect } = pair()
    const early = open(left, 1, 0)
    left.peerLost(1, new Error('never came'))
    connect()
    const abandoned = open(right, 0, 0)
    expect(early.failures).toHaveLength(1)
    await until('the failure of the other end', () => abandoned.failures.length === 1)
    expect(abandoned.failures[0]).toMatchObject({ code: 'ERR_LINK_LOST' })
  })
})

describe('closing', () => {
  it('ends when all has been handed over', async () => {
    const { left, right, connect } = pair()
    connect()
    const sender = open(left, 1, 0)
    const receiver = open(right, 0, 0)
    for (let i = 0; i < 40; i++) sender.link.send(frameOf(i, 5_000))
    await within(10_000, 'close', left.close())
    expect(sender.link.queuedBytes).toBe(0)
    await until('the last frame', () => receiver.frames.length === 40)
    mustEqual(
      receiver.frames,
      Array.from({ length: 40 }, (_, i) => frameOf(i, 5_000)),
    )
    expect(receiver.failures).toEqual([])
    expect(left.close()).toBe(left.close())
  })

  it('ends though nobody receives, also what was held back, and all can be received later', async () => {
    const { left, right, connect } = pair()
    connect()
    const sender = open(left, 1, 0)
    const receiver = open(right, 0, 0, true)
    open(right, 0, 1)
    const frames = Array.from({ length: 600 }, (_, i) => frameOf(i, 4_000))
    for (const frame of frames) {
      sender.link.send(frame)
      await turns(2)
    }
    // A megabyte is set aside for a channel that nobody reads; then it is held back.
    expect(sender.link.queuedBytes).toBeGreaterThan(1_000_000)
    await within(10_000, 'close', left.close())
    expect(sender.link.queuedBytes).toBe(0)
    mustEqual(receiveAll(receiver.link), frames)
  })

  it('ends on both sides, however much either still has to send', async () => {
    const { left, right, connect } = pair()
    connect()
    const links = [open(left, 1, 0), open(right, 0, 0)]
    for (const { link } of links) for (let i = 0; i < 10; i++) link.send(frameOf(i, RING))
    await within(10_000, 'close', Promise.all([left.close(), right.close()]))
    for (const { failures } of links) expect(failures).toEqual([])
  })

  it('ends without a peer that never came', async () => {
    const { left } = pair()
    open(left, 1, 0).link.send(frameOf(0, 10))
    await within(10_000, 'close', left.close())
  })

  it('fails the links of a peer that has something to say', async () => {
    const { left, right, connect } = pair()
    connect()
    const [waiting, silent] = [open(left, 1, 0), open(left, 1, 1)]
    for (let i = 0; i < 10; i++) waiting.link.send(frameOf(i, RING))
    await right.close()
    await until('the failure', () => waiting.failures.length === 1)
    expect(waiting.failures[0]).toMatchObject({ code: 'ERR_LINK_LOST', message: 'Worker 1 has closed its links, but was sent something.' })
    expect(silent.failures).toHaveLength(1)
  })

  it('is no failure for a peer that has nothing to say, before it does', async () => {
    const { left, right, connect } = pair()
    connect()
    const sender = open(left, 1, 0)
    await right.close()
    await turns(5)
    expect(sender.failures).toEqual([])
    sender.link.send(frameOf(0, 1))
    await turns(5)
    expect(sender.failures).toHaveLength(1)
  })

  it('refuses a peer that comes too late', async () => {
    const { left, right, connect } = pair()
    await left.close()
    connect()
    const sender = open(right, 0, 0)
    await turns(5)
    sender.link.send(frameOf(0, 1))
    await until('the failure', () => sender.failures.length === 1)
  })
})

it('a channel is opened once', () => {
  const { left } = pair()
  open(left, 1, 0)
  expect(() => open(left, 1, 0)).toThrow('channel 0 to Worker 1 was opened twice')
})
