import type { Link, LinkEvents } from '@malstrom/core'
import type { FrameDecoder, FrameEncoder } from '../codec/frame-codec.ts'
import type { Barrier } from '../snapshot/barrier.ts'
import { Columns } from './columns.ts'
import type { Inlet, Item } from './frame.ts'
import { decodeMessage, encodeBarrier, encodeCredits, encodeEpoch, encodeFrame, encodeIdle } from './wire.ts'

/** Frames that a sender may be ahead of its receiver. */
export const WINDOW_FRAMES = 64

/** Taken frames after which the sender hears that it may send more. */
const CREDITS_TOGETHER = WINDOW_FRAMES / 4

export interface ExchangeLinkOptions {
  readonly keyed: boolean
  /** Knows what the frames of the exchange are like. */
  readonly encoder: FrameEncoder
  readonly decoder: FrameDecoder
  open(events: LinkEvents): Link
  /** Something has arrived: `receive` is worth calling. */
  arrived(): void
  /** There is room again. */
  wake(): void
  failed(error: Error): void
}

interface Outgoing {
  readonly kind: 'frame' | 'epoch' | 'idle' | 'barrier'
  readonly bytes: Uint8Array
}

/**
 * What one worker sends to another one over an exchange, and what it gets from there. The sender is
 * at most `WINDOW_FRAMES` ahead of what the receiver has taken: what a slow worker has not taken yet
 * waits at its senders, which stop. Marks need no credit, but wait behind the frames that were sent
 * before them.
 */
export class ExchangeLink implements Inlet {
  readonly #options: ExchangeLinkOptions
  readonly #link: Link
  /** The frame that is being filled; it is used again, because what is sent is a copy. */
  readonly columns: Columns
  /** What waits for credit, encoded, oldest first. */
  #waiting: Outgoing[] = []
  #credits = WINDOW_FRAMES
  readonly #arrived: Item[] = []
  #next = 0
  /** Frames taken since the sender last heard of it. */
  #taken = 0

  constructor(options: ExchangeLinkOptions) {
    this.#options = options
    this.columns = new Columns(options.keyed, () => this.close())
    this.#link = options.open({ readable: () => options.arrived(), failed: (error) => options.failed(error) })
  }

  /** An epoch ends the frame before it. */
  advance(epoch: unknown): void {
    this.close()
    // A later epoch takes the place of one that waits.
    if (this.#waiting.at(-1)?.kind === 'epoch') this.#waiting.pop()
    this.#send('epoch', encodeEpoch({ epoch }))
  }

  idle(idle: boolean): void {
    this.close()
    this.#send('idle', encodeIdle({ idle }))
  }

  barrier(barrier: Barrier): void {
    this.close()
    this.#send('barrier', encodeBarrier({ barrier }))
  }

  /** Sends what was pushed. */
  close(): void {
    const frame = this.columns.endFrame()
    if (frame === undefined) return
    this.columns.reuse()
    this.#send('frame', encodeFrame(this.#options.encoder, frame))
  }

  get full(): boolean {
    return this.#waiting.length > 0
  }

  take(): Item | undefined {
    const item = this.#arrived[this.#next]
    if (item === undefined) return undefined
    this.#arrived[this.#next++] = undefined as never
    if (this.#next === this.#arrived.length) {
      this.#arrived.length = 0
      this.#next = 0
    }
    if ('count' in item && ++this.#taken === CREDITS_TOGETHER) {
      this.#taken = 0
      this.#link.send(encodeCredits(CREDITS_TOGETHER))
    }
    return item
  }

  /** Reads everything that has arrived; no more than the window allows can have. */
  receive(): void {
    for (let bytes = this.#link.receive(); bytes !== undefined; bytes = this.#link.receive()) {
      const message = decodeMessage(this.#options.decoder, bytes)
      if ('credits' in message) this.#addCredits(message.credits)
      else this.#arrived.push(message)
    }
  }

  #addCredits(credits: number): void {
    this.#credits += credits
    const waiting = this.#waiting
    if (waiting.length === 0) return
    this.#waiting = []
    for (const { kind, bytes } of waiting) this.#send(kind, bytes)
    if (this.#waiting.length === 0) this.#options.wake()
  }

  #send(kind: Outgoing['kind'], bytes: Uint8Array): void {
    if (this.#waiting.length > 0 || (kind === 'frame' && this.#credits === 0)) {
      this.#waiting.push({ kind, bytes: new Uint8Array(bytes) })
      return
    }
    if (kind === 'frame') this.#credits--
    this.#link.send(bytes)
  }
}
