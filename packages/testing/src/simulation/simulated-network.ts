import type { Link, LinkEvents, PeerId, Transport } from '@malstrom/core'
import type { SimulatedProcess, World } from './world.ts'

/** How long a frame may be under way. */
const DELAY_MS_MAX = 3

/** How long it may take until a peer notices that the other one is gone. */
const NOTICE_MS_MAX = 20

interface Mailbox {
  readonly frames: Uint8Array[]
  events: LinkEvents | undefined
  /** `receive` has returned nothing since the last frame came, or was never called. */
  waiting: boolean
}

/** One direction of a link. */
interface Way {
  readonly from: string
  readonly to: string
  readonly receiver: PeerId
  /** Both ends, in one order for both directions. */
  readonly pair: string
  /** What is under way, for the log. */
  readonly frame: string
  readonly underWay: Uint8Array[]
}

/**
 * The links of one start of a job. Frames of one channel arrive in order; those of different channels overtake each other as the seed
 * decides. A process that dies takes with it what it has not received; its peers notice some time later.
 */
export class SimulatedNetwork {
  readonly #world: World
  readonly #processes = new Map<PeerId, SimulatedProcess>()
  readonly #ways = new Map<string, Way>()
  readonly #mailboxes = new Map<Way, Mailbox>()
  readonly #broken = new Set<string>()

  constructor(world: World) {
    this.#world = world
  }

  /** The transport of a process that takes part as `self`. */
  join(self: PeerId, process: SimulatedProcess): Transport {
    this.#processes.set(self, process)
    return {
      open: (peer, channel, events) => this.#open(self, peer, channel, events),
      close: async () => {},
    }
  }

  /** A process is gone: whoever has a link to it will notice. */
  lose(peer: PeerId): void {
    for (const way of this.#mailboxes.keys()) {
      if (way.from === String(peer)) this.#fail(way, `worker ${String(peer)} is gone`)
      if (way.to === String(peer)) this.#mailboxes.delete(way)
    }
  }

  /** Breaks all links between two peers: frames under way are lost, then both sides notice. */
  cut(a: PeerId, b: PeerId): void {
    const pair = pairOf(String(a), String(b))
    this.#broken.add(pair)
    for (const way of this.#mailboxes.keys()) if (way.pair === pair) this.#fail(way, 'the connection was cut')
  }

  get peers(): readonly PeerId[] {
    return [...this.#processes.keys()]
  }

  #open(self: PeerId, peer: PeerId, channel: number, events: LinkEvents): Link {
    const inward = this.#way(peer, self, channel)
    const incoming = this.#mailbox(inward)
    incoming.events = events
    const outward = this.#way(self, peer, channel)
    if (this.#broken.has(inward.pair)) this.#fail(inward, 'the connection was cut')
    return {
      send: (frame) => this.#send(outward, new Uint8Array(frame)),
      receive: () => {
        const frame = incoming.frames.shift()
        if (frame === undefined) incoming.waiting = true
        return frame
      },
      queuedBytes: 0,
    }
  }

  #send(way: Way, frame: Uint8Array): void {
    if (this.#broken.size > 0 && this.#broken.has(way.pair)) return
    way.underWay.push(frame)
    const delayMs = this.#world.dice.unit() * DELAY_MS_MAX
    // Whoever is to receive it may not have started yet.
    this.#world.schedule(this.#processes.get(way.receiver), way.frame, delayMs, () => this.#arrive(way))
  }

  /** Something arrives: whatever was sent first. */
  #arrive(way: Way): void {
    const frame = way.underWay.shift()
    if (frame === undefined || (this.#broken.size > 0 && this.#broken.has(way.pair))) return
    const mailbox = this.#mailbox(way)
    mailbox.frames.push(frame)
    if (!mailbox.waiting) return
    mailbox.waiting = false
    mailbox.events?.readable()
  }

  #fail(way: Way, why: string): void {
    const { events } = this.#mailbox(way)
    const { from, to, receiver } = way
    const process = this.#processes.get(receiver)
    this.#world.schedule(process, `${to} notices that its link to ${from} is lost`, this.#world.dice.unit() * NOTICE_MS_MAX, () =>
      events?.failed(new Error(`The link from ${from} to ${to} is lost: ${why}.`)),
    )
  }

  #way(sender: PeerId, receiver: PeerId, channel: number): Way {
    const [from, to] = [String(sender), String(receiver)]
    const name = `${from} ${to} ${channel}`
    const known = this.#ways.get(name)
    if (known !== undefined) return known
    const way = { from, to, receiver, pair: pairOf(from, to), frame: `a frame from ${from} to ${to}`, underWay: [] }
    this.#ways.set(name, way)
    return way
  }

  #mailbox(way: Way): Mailbox {
    const known = this.#mailboxes.get(way)
    if (known !== undefined) return known
    const mailbox = { frames: [], events: undefined, waiting: true }
    this.#mailboxes.set(way, mailbox)
    return mailbox
  }
}

function pairOf(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`
}
