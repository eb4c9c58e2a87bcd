import { Fifo } from './fifo.ts'
import type { RingWriter } from './ring.ts'
import { WakeUps } from './wake-ups.ts'

/** The sending half of one channel. */
export interface Outgoing {
  readonly channel: number
  /** Bytes of whole frames that wait, for room in the ring or because the peer wants no more. */
  queuedBytes: number
  /** The frames, as long as the peer wants no more. */
  held: Fifo<Uint8Array> | undefined
}

interface WaitingFrame {
  readonly outgoing: Outgoing
  readonly frame: Uint8Array
}

/**
 * What one peer is sent, over all channels, in order: into the ring while there is room, otherwise into a queue that follows
 * when there is. The queue has no bound of its own: whoever sends looks at `queuedBytes`.
 */
export class Outbox {
  #writer: RingWriter | undefined
  #wakePeer: () => void = () => {}
  #wakeUps: WakeUps | undefined
  #waiting = new Fifo<WaitingFrame>()
  #heldChannels = 0

  /** From here on there is a ring. `wakePeer` is called when the peer sleeps and has something to read; `now` is in milliseconds. */
  connect(writer: RingWriter, wakePeer: () => void, now: () => number): void {
    this.#writer = writer
    this.#wakePeer = wakePeer
    this.#wakeUps = new WakeUps(wakePeer, now)
    this.flush()
  }

  send(outgoing: Outgoing, frame: Uint8Array): void {
    if (outgoing.held !== undefined) {
      outgoing.held.push(frame.slice())
      outgoing.queuedBytes += frame.length
      return
    }
    const idle = this.#waiting.empty
    if (idle && this.#writer?.write(outgoing.channel, frame) === true) {
      this.#wakeUps?.sent(frame.length, this.#writer.unparkReader())
      return
    }
    this.#waiting.push({ outgoing, frame: frame.slice() })
    outgoing.queuedBytes += frame.length
    if (idle) this.flush()
  }

  /** Writes what waits, as far as there is room, and then waits for room. To be called when the peer has woken this thread. */
  flush(): void {
    const writer = this.#writer
    // With nothing to write, a wake-up would be answered by a wake-up, for ever.
    if (writer === undefined || this.#waiting.empty) return
    for (let next = this.#waiting.peek(); next !== undefined; next = this.#waiting.peek()) {
      if (writer.write(next.outgoing.channel, next.frame)) {
        next.outgoing.queuedBytes -= next.frame.length
        this.#waiting.take()
        continue
      }
      // The reader first: what it reads now is room.
      if (writer.unparkReader()) this.#wakePeer()
      if (writer.closed || writer.park()) return
    }
    if (writer.unparkReader()) this.#wakePeer()
  }

  /** The peer does not keep up with one channel: its frames wait here, and those of the others pass by. */
  hold(outgoing: Outgoing): void {
    if (outgoing.held !== undefined) return
    const held = new Fifo<Uint8Array>()
    const others = new Fifo<WaitingFrame>()
    for (let next = this.#waiting.take(); next !== undefined; next = this.#waiting.take()) {
      // What is in the ring in part must go on.
      if (next.outgoing === outgoing && !(others.empty && this.#writer?.withinFrame === true)) held.push(next.frame)
      else others.push(next)
    }
    outgoing.held = held
    this.#waiting = others
    this.#heldChannels++
    this.flush()
  }

  /** The peer keeps up again. */
  resume(outgoing: Outgoing): void {
    const { held } = outgoing
    if (held === undefined) return
    outgoing.held = undefined
    this.#heldChannels--
    for (let frame = held.take(); frame !== undefined; frame = held.take()) this.#waiting.push({ outgoing, frame })
    this.flush()
  }

  /** Gives up what waits. */
  clear(): void {
    this.#waiting.clear()
    this.#heldChannels = 0
  }

  get empty(): boolean {
    return this.#waiting.empty && this.#heldChannels === 0
  }

  /** Nobody reads what is sent. */
  get closed(): boolean {
    return this.#writer?.closed === true
  }
}
