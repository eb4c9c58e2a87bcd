import type { Link } from '@malstrom/core'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { HEARTBEATS, PeerStream, type StreamSettings } from './peer-stream.ts'
import { kindOf, readHello } from './wire.ts'

const settings: Omit<StreamSettings, 'self'> = {
  session: 's',
  frameBytesMax: 300_000,
  channelBytesMax: 2_000,
  channelsMax: 100,
  unacknowledgedBytesMax: 4_000,
  queuedBytesMax: 1e9,
  heartbeatTimeoutMs: 5_000,
  linkTimeoutMs: 1_000_000,
  closeTimeoutMs: 1_000_000,
  place: undefined,
}

/** One end, whose messages go through a network that a schedule drives. */
class End {
  readonly stream: PeerStream
  readonly failures: Error[] = []
  readonly inFlight: Buffer[] = []
  #soon: (() => void)[] = []

  constructor(self: number, peer: number) {
    this.stream = new PeerStream(
      { peer, address: 'nowhere' },
      self + 100,
      { ...settings, self },
      {
        wake() {},
        hurry: () => this.send(1),
        soon: (run) => this.#soon.push(run),
        ended() {},
      },
    )
  }

  open(channel: number): Link {
    return this.stream.open(channel, { readable() {}, failed: (error) => this.failures.push(error) })
  }

  /** Puts at most `count` messages on the wire. */
  send(count: number): void {
    for (const run of this.#soon.splice(0)) run()
    for (let n = 0; n < count; n++) {
      const message = this.stream.next()
      if (message === undefined) return
      // The socket reads a message later, when it goes out: a copy made now would hide that it was changed since.
      this.inFlight.push(message)
    }
  }

  arrive(original: Buffer): void {
    const message = Buffer.from(original)
    const kind = kindOf(message)
    if (kind === 'hello') this.stream.hello(readHello(message))
    else if (typeof kind === 'string' && kind !== 'refused') this.stream.arrived(kind, message)
  }
}

const CHANNELS = 3
const step = fc.record({
  end: fc.constantFrom<0 | 1>(0, 1),
  frames: fc.array(fc.tuple(fc.nat(CHANNELS - 1), fc.nat(1_500)), { maxLength: 12 }),
  sends: fc.nat(6),
  arrives: fc.nat(6),
  /** A connection breaks, and takes this many of the oldest and newest messages with it; or an old one is mixed with a new one. */
  fault: fc.constantFrom('none', 'none', 'none', 'none', 'lose oldest', 'lose newest', 'lose all', 'repeat', 'swap'),
  receives: fc.nat(20),
  ticks: fc.boolean(),
})

it('whatever a network loses, repeats or swaps: every frame arrives once, in order, or the stream fails', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
      const ends = [new End(0, 1), new End(1, 0)] as const
      const links = ends.map((end) => Array.from({ length: CHANNELS }, (_, channel) => end.open(channel)))
      const sent: string[][][] = [0, 1].map(() => Array.from({ length: CHANNELS }, () => []))
      const got: string[][][] = [0, 1].map(() => Array.from({ length: CHANNELS }, () => []))
      let count = 0
      // Fewer than a stream takes for silence, which would rightly fail it.
      let ticksLeft = HEARTBEATS - 1
      const receive = (at: 0 | 1, max: number) => {
        for (let channel = 0; channel < CHANNELS; channel++)
          for (let n = 0; n < max; n++) {
            const frame = links[at]?.[channel]?.receive()
            if (frame === undefined) break
            got[at]?.[channel]?.push(textOf(frame))
          }
      }
      const arrive = (to: 0 | 1, max: number) => {
        for (const message of ends[(1 - to) as 0 | 1].inFlight.splice(0, max)) ends[to].arrive(message)
      }
      for (const { end, frames, sends, arrives, fault, receives, ticks } of steps) {
        for (const [channel, length] of frames) {
          const frame = frameOf(count++, length)
          links[end]?.[channel]?.send(frame)
          sent[end]?.[channel]?.push(textOf(frame))
          frame.fill(0)
        }
        ends[end].send(sends)
        spoil(ends[end].inFlight, fault)
        arrive((1 - end) as 0 | 1, arrives)
        receive(end, receives)
        if (ticks && ticksLeft-- > 0) for (const one of ends) one.stream.tick()
      }
      // The network heals; everything must arrive now.
      for (let round = 0; round < 2_000; round++) {
        for (const at of [0, 1] as const) {
          ends[at].send(1_000)
          arrive((1 - at) as 0 | 1, 1_000)
          receive(at, 1_000)
          if (round % 10 === 0) ends[at].stream.tick()
        }
        if (links.flat().every(({ queuedBytes }) => queuedBytes === 0) && total(got) === count) break
      }
      expect(ends.flatMap(({ failures }) => failures)).toEqual([])
      expect(got[1]).toEqual(sent[0])
      expect(got[0]).toEqual(sent[1])
      expect(links.flat().map(({ queuedBytes }) => queuedBytes)).toEqual(links.flat().map(() => 0))
    }),
    { numRuns: 300 },
  )
})

it('a peer that is silent fails the stream, with what was waited for', () => {
  const ends = connected()
  const link = ends[0].open(0)
  ends[0].open(1)
  for (let n = 0; n < 5; n++) ends[0].stream.tick()
  expect(ends[0].failures).toEqual([])
  ends[0].stream.tick()
  expect(ends[0].failures.map(({ message }) => message)).toEqual(
    Array(2).fill('The link to worker 1 at nowhere is lost: nothing has come from it for 5000 ms, and a heartbeat is due every 1000 ms.'),
  )
  link.send(new Uint8Array(3))
  for (let n = 0; n < 20; n++) ends[0].stream.tick()
  expect(ends[0].failures.length).toBe(2)
})

it('a second process that takes the name of a peer does not harm the first', () => {
  const ends = connected()
  const zombie = new End(1, 0)
  zombie.open(0)
  zombie.send(1)
  const hello = zombie.inFlight.map((message) => readHello(message))
  expect(ends[0].stream.hello({ ...(hello[0] as ReturnType<typeof readHello>), token: 77 })).toContain('another process')
  const [link, other] = [ends[0].open(9), ends[1].open(9)]
  link.send(frameOf(1, 10))
  exchange(ends)
  expect(other.receive()).toEqual(frameOf(1, 10))
})

it('a message that is cut off or acknowledges too much fails the stream and nothing else', () => {
  for (const spoilt of ['cut', 'acknowledges'] as const) {
    const ends = connected()
    ends[1].open(0)
    const link = ends[0].open(0)
    link.send(frameOf(1, 100))
    ends[0].send(10)
    const data = ends[0].inFlight.splice(0).find((message) => kindOf(message) === 'data') as Buffer
    if (spoilt === 'acknowledges') data.writeUIntBE(5, 16, 6)
    ends[1].arrive(spoilt === 'cut' ? data.subarray(0, 60) : data)
    expect(ends[1].failures.map(({ message }) => message.includes('no message of the protocol'))).toEqual([true])
  }
})

function connected(): readonly [End, End] {
  const ends = [new End(0, 1), new End(1, 0)] as const
  exchange(ends)
  return ends
}

function exchange(ends: readonly [End, End]): void {
  for (let round = 0; round < 5; round++)
    for (const at of [0, 1] as const) {
      ends[at].send(100)
      for (const message of ends[at].inFlight.splice(0)) ends[(1 - at) as 0 | 1].arrive(message)
    }
}

function spoil(inFlight: Buffer[], fault: string): void {
  const half = Math.ceil(inFlight.length / 2)
  if (fault === 'lose oldest') inFlight.splice(0, half)
  else if (fault === 'lose newest') inFlight.splice(half)
  else if (fault === 'lose all') inFlight.length = 0
  else if (fault === 'repeat') inFlight.push(...inFlight.slice(0, half).map((message) => Buffer.from(message)))
  else if (fault === 'swap') inFlight.push(...inFlight.splice(0, half))
}

function frameOf(seed: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (seed * 7 + at * 13) & 255)
}

function textOf(frame: Uint8Array): string {
  return `${frame.length}: ${Buffer.from(frame.subarray(0, 20)).toString('hex')}`
}

function total(lists: string[][][]): number {
  return lists.flat().reduce((sum, list) => sum + list.length, 0)
}
