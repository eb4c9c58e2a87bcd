import type { Link, LinkEvents } from '@malstrom/core'
import { decodeColumns, decodeValue, encodeColumns, encodeValue } from '../codec/columns.ts'

/** Blocks of rows that a sender may be ahead of its receiver. */
const WINDOW_BLOCKS = 8

const ROWS = 1
const DONE = 2
const CREDIT = 3

/** States on their way to the worker that owns their keys now. */
export interface HandoffRows {
  /** The version of the routing that they move with. */
  readonly version: number
  /** Which operator of the task they belong to. */
  readonly operator: number
  readonly keys: readonly unknown[]
  readonly states: readonly unknown[]
}

/** Nothing more comes, and how the sender stood at the marker. */
export interface HandoffDone {
  readonly version: number
  /** The merged frontier of the task. */
  readonly frontier: unknown
  /** The last epoch that was sent over each output of the task. */
  readonly sent: readonly unknown[]
  /** What each operator keeps besides its states. */
  readonly own: readonly unknown[]
}

export type HandoffMessage = HandoffRows | HandoffDone

/**
 * The way of states from one worker to another, apart from that of records: a receiver that waits for
 * states holds records back, so states must not queue behind them.
 */
export class HandoffLink {
  readonly #link: Link
  readonly #wake: () => void
  readonly #arrived: HandoffMessage[] = []
  #credits = WINDOW_BLOCKS

  constructor(open: (events: LinkEvents) => Link, events: { arrived(): void; wake(): void; failed(error: Error): void }) {
    this.#wake = events.wake
    this.#link = open({ readable: () => events.arrived(), failed: (error) => events.failed(error) })
  }

  /** Whether no rows can be sent now. */
  get full(): boolean {
    return this.#credits === 0
  }

  sendRows({ version, operator, keys, states }: HandoffRows): void {
    this.#credits--
    const columns = encodeColumns([keys, states], keys.length)
    this.#link.send(message(ROWS, encodeValue([version, operator]), columns))
  }

  sendDone(done: HandoffDone): void {
    this.#link.send(message(DONE, encodeValue(done), new Uint8Array(0)))
  }

  /** The next message; whoever takes rows makes room for more. */
  take(): HandoffMessage | undefined {
    const next = this.#arrived.shift()
    if (next !== undefined && 'keys' in next) this.#link.send(message(CREDIT, new Uint8Array(0), new Uint8Array(0)))
    return next
  }

  receive(): void {
    for (let bytes = this.#link.receive(); bytes !== undefined; bytes = this.#link.receive()) {
      const headBytes = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1, true)
      const head = bytes.subarray(5, 5 + headBytes)
      if (bytes[0] === CREDIT) {
        this.#credits++
        this.#wake()
      } else if (bytes[0] === DONE) this.#arrived.push(decodeValue(head) as HandoffDone)
      else {
        const [version, operator] = decodeValue(head) as [number, number]
        const [keys = [], states = []] = decodeColumns(bytes.subarray(5 + headBytes))
        this.#arrived.push({ version, operator, keys, states })
      }
    }
  }
}

function message(kind: number, head: Uint8Array, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(5 + head.length + body.length)
  bytes[0] = kind
  new DataView(bytes.buffer).setUint32(1, head.length, true)
  bytes.set(head, 5)
  bytes.set(body, 5 + head.length)
  return bytes
}
