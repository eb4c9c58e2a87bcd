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

/**
 * The links of one start of a job. Frames of one channel arrive in order; those of different channels overtake each other as the seed
 * decides. A process that dies takes with it what it has not received; its peers notice some time later.
 */
export class SimulatedNetwork {
  readonly #world: World
  readonly #processes = new Map<PeerId, SimulatedProcess>()
  readonly #mailboxes = new Map<string, Mailbox>()
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
    for (const name of this.#mailboxes.keys()) {
      const [from, to] = peersOf(name)
      if (from === String(peer)) this.#fail(name, `worker ${String(peer)} is gone`)
      if (to === String(peer)) this.#mailboxes.delete(name)
    }
  }

  /** Breaks all links between two peers: frames under way are lost, then both sides notice. */
  cut(a: PeerId, b: PeerId): void {
    this.#broken.add(pairOf(String(a), String(b)))
    for (const name of this.#mailboxes.keys()) {
      const [from, to] = peersOf(name)
      if (pairOf(from, to) === pairOf(String(a), String(b))) this.#fail(name, 'the connection was cut')
    }
  }

  get peers(): readonly PeerId[] {
    return [...this.#processes.keys()]
  }

  #open(self: PeerId, peer: PeerId, channel: number, events: LinkEvents): Link {
    const incoming = this.#mailbox(`${peer} ${self} ${channel}`)
    incoming.events = events
    const outgoing = `${self} ${peer} ${channel}`
    if (this.#broken.has(pairOf(String(self), String(peer)))) this.#fail(`${peer} ${self} ${channel}`, 'the connection was cut')
    return {
      send: (frame) => this.#send(outgoing, peer, new Uint8Array(frame)),
      receive: () => {
        const frame = incoming.frames.shift()
        if (frame === undefined) incoming.waiting = true
        return frame
      },
      queuedBytes: 0,
    }
  }

  #send(name: string, peer: PeerId, frame: Uint8Array): void {
    const [from, to] = peersOf(name)
    if (this.#broken.has(pairOf(from, to))) return
    this.#underWay(name).push(frame)
    const delayMs = this.#world.dice.unit() * DELAY_MS_MAX
    // Whoever is to receive it may not have started yet.
    this.#world.schedule(this.#processes.get(peer), `a frame from ${from} to ${to}`, delayMs, () => this.#arrive(name))
  }

  readonly #queues = new Map<string, Uint8Array[]>()

  #underWay(name: string): Uint8Array[] {
    const known = this.#queues.get(name) ?? []
    this.#queues.set(name, known)
    return known
  }

  /** Something arrives: whatever was sent first. */
  #arrive(name: string): void {
    const frame = this.#underWay(name).shift()
    const [from, to] = peersOf(name)
    if (frame === undefined || this.#broken.has(pairOf(from, to))) return
    const mailbox = this.#mailbox(name)
    mailbox.frames.push(frame)
    if (!mailbox.waiting) return
    mailbox.waiting = false
    mailbox.events?.readable()
  }

  #fail(name: string, why: string): void {
    const { events } = this.#mailbox(name)
    const [from, to] = peersOf(name)
    const process = this.#processes.get(to === 'coordinator' ? to : Number(to))
    this.#world.schedule(process, `${to} notices that its link to ${from} is lost`, this.#world.dice.unit() * NOTICE_MS_MAX, () =>
      events?.failed(new Error(`The link from ${from} to ${to} is lost: ${why}.`)),
    )
  }

  #mailbox(name: string): Mailbox {
    const known = this.#mailboxes.get(name) ?? { frames: [], events: undefined, waiting: true }
    this.#mailboxes.set(name, known)
    return known
  }
}

function peersOf(name: string): [string, string] {
  const [from = '', to = ''] = name.split(' ')
  return [from, to]
}

function pairOf(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`
}
