import type { Link, LinkEvents } from '@malstrom/core'
import { BlockPool, ByteBlock } from '../codec/byte-block.ts'
import type { FrameDecoder, FrameEncoder } from '../codec/frame-codec.ts'
import type { Barrier } from '../snapshot/barrier.ts'
import { Columns } from './columns.ts'
import type { Inlet, Item } from './frame.ts'
import { decodeFrame, decodeMark, encodeBarrier, encodeCredits, encodeEpoch, encodeFrame, encodeIdle, isFrame } from './wire.ts'

/** Frames that a sender may be ahead of its receiver. */
export const WINDOW_FRAMES = 64

/** Taken frames after which the sender hears that it may send more. */
const CREDITS_TOGETHER = WINDOW_FRAMES / 4

/** Of the links of one thread together. */
const KEPT_BYTES_MAX = 8 * 2 ** 20

const blocks = new BlockPool(KEPT_BYTES_MAX)

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
  /** Marks, and frames that are read when it is their turn: what they become lives short then. */
  readonly #arrived: (Item | ByteBlock)[] = []
  #next = 0
  /** Frames taken since the sender last heard of it. */
  #taken = 0
  /** What the frame that was taken last lies in. */
  #lent: ByteBlock | undefined

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
    if (this.#lent !== undefined) blocks.giveBack(this.#lent)
    this.#lent = undefined
    const item = this.#arrived[this.#next]
    if (item === undefined) return undefined
    this.#arrived[this.#next++] = undefined as never
    if (this.#next === this.#arrived.length) {
      this.#arrived.length = 0
      this.#next = 0
    }
    if (!(item instanceof ByteBlock)) return item
    if (++this.#taken === CREDITS_TOGETHER) {
      this.#taken = 0
      this.#link.send(encodeCredits(CREDITS_TOGETHER))
    }
    this.#lent = item
    return decodeFrame(this.#options.decoder, item)
  }

  /** Reads everything that has arrived; no more than the window allows can have. */
  receive(): void {
    for (let bytes = this.#link.receive(); bytes !== undefined; bytes = this.#link.receive()) {
      if (isFrame(bytes)) {
        this.#arrived.push(blocks.copyOf(bytes))
        continue
      }
      const mark = decodeMark(bytes)
      if ('credits' in mark) this.#addCredits(mark.credits)
      else this.#arrived.push(mark)
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
