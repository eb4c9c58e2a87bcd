import type { Link, LinkEvents } from '@malstrom/core'
import type { FrameDecoder, FrameEncoder } from '../codec/frame-codec.ts'
import type { Barrier } from '../snapshot/barrier.ts'
import { Columns } from './columns.ts'
import { type BarrierMark, type EpochMark, FRAME_RECORDS_MAX, type Frame, type Inlet, type Item } from './frame.ts'
import { decodeMessage, encodeBarrier, encodeCredits, encodeEpoch, encodeFrame } from './wire.ts'

/** Frames that a sender may be ahead of its receiver. */
export const WINDOW_FRAMES = 16

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

/**
 * What one worker sends to another one over an exchange, and what it gets from there. The sender is
 * at most `WINDOW_FRAMES` ahead of what the receiver has taken: what a slow worker has not taken yet
 * waits at its senders, which stop. Marks need no credit, but wait behind the frames that were sent
 * before them.
 */
export class ExchangeLink implements Inlet {
  readonly #options: ExchangeLinkOptions
  readonly #link: Link
  #columns: Columns | undefined
  /** What waits for credit, oldest first. */
  #waiting: (Frame | EpochMark | BarrierMark)[] = []
  #credits = WINDOW_FRAMES
  readonly #arrived: Item[] = []
  #next = 0
  /** Frames taken since the sender last heard of it. */
  #taken = 0

  constructor(options: ExchangeLinkOptions) {
    this.#options = options
    this.#link = options.open({ readable: () => options.arrived(), failed: (error) => options.failed(error) })
  }

  push(value: unknown, key: unknown, timestamp: unknown): void {
    this.#columns ??= new Columns(this.#options.keyed)
    if (this.#columns.add(value, key, timestamp) >= FRAME_RECORDS_MAX) this.close()
  }

  /** An epoch ends the frame before it. */
  advance(epoch: unknown): void {
    this.close()
    const last = this.#waiting.at(-1)
    // A later epoch takes the place of one that waits.
    if (last !== undefined && 'epoch' in last) this.#waiting[this.#waiting.length - 1] = { epoch }
    else this.#send({ epoch })
  }

  barrier(barrier: Barrier): void {
    this.close()
    this.#send({ barrier })
  }

  /** Sends what was pushed. */
  close(): void {
    const frame = this.#columns?.endFrame()
    this.#columns = undefined
    if (frame !== undefined) this.#send(frame)
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
    for (const item of waiting) this.#send(item)
    if (this.#waiting.length === 0) this.#options.wake()
  }

  #send(item: Frame | EpochMark | BarrierMark): void {
    if (this.#waiting.length > 0) this.#waiting.push(item)
    else if ('epoch' in item) this.#link.send(encodeEpoch(item))
    else if ('barrier' in item) this.#link.send(encodeBarrier(item))
    else if (this.#credits === 0) this.#waiting.push(item)
    else {
      this.#credits--
      this.#link.send(encodeFrame(this.#options.encoder, item))
    }
  }
}
