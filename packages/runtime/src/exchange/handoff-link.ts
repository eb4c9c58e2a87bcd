import type { Key, Link, LinkEvents } from '@malstrom/core'
import { decodeColumns, decodeValue, encodeColumns, encodeValue } from '../codec/columns.ts'

/** Blocks of rows that a sender may be ahead of its receiver. */
const WINDOW_BLOCKS = 8

const ROWS = 1
const DONE = 2
const CREDIT = 3
const ASK = 4
const ANSWERED_ROWS = 5
const ANSWERED = 6

/** Where the length of a message's head stands, and the head. */
const HEAD_LENGTH_AT = 4
const HEAD_AT = 8

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

/** Keys of which records wait: their states are to come first. */
export interface HandoffAsk {
  readonly version: number
  readonly asked: readonly Key[]
}

/** Everything there was of these keys has been sent. */
export interface HandoffAnswer {
  readonly version: number
  readonly answered: readonly Key[]
}

export type HandoffMessage = HandoffRows | HandoffDone | HandoffAnswer

/**
 * The way of states from one worker to another, apart from that of records: a receiver that waits for
 * states holds records back, so states must not queue behind them. Rows need credit, but not those that
 * were asked for.
 */
export class HandoffLink {
  readonly #link: Link
  readonly #wake: () => void
  readonly #arrived: { readonly kind: number | undefined; readonly message: HandoffMessage }[] = []
  readonly #asks: HandoffAsk[] = []
  #credits = WINDOW_BLOCKS

  constructor(open: (events: LinkEvents) => Link, events: { arrived(): void; wake(): void; failed(error: Error): void }) {
    this.#wake = events.wake
    this.#link = open({ readable: () => events.arrived(), failed: (error) => events.failed(error) })
  }

  /** Whether no rows should be sent now. */
  get full(): boolean {
    return this.#credits <= 0
  }

  sendRows(rows: HandoffRows): void {
    this.#credits--
    this.#sendRows(ROWS, rows)
  }

  sendDone(done: HandoffDone): void {
    this.#link.send(message(DONE, encodeValue(done)))
  }

  ask(ask: HandoffAsk): void {
    this.#link.send(message(ASK, encodeValue(ask)))
  }

  answer(answer: HandoffAnswer, rows: readonly HandoffRows[]): void {
    for (const each of rows) this.#sendRows(ANSWERED_ROWS, each)
    this.#link.send(message(ANSWERED, encodeValue(answer)))
  }

  /** The next message; whoever takes rows makes room for more. */
  take(): HandoffMessage | undefined {
    const next = this.#arrived.shift()
    if (next === undefined) return undefined
    if (next.kind === ROWS) this.#link.send(message(CREDIT, NOTHING))
    return next.message
  }

  takeAsk(): HandoffAsk | undefined {
    return this.#asks.shift()
  }

  receive(): void {
    for (let bytes = this.#link.receive(); bytes !== undefined; bytes = this.#link.receive()) this.#read(bytes)
  }

  #read(bytes: Uint8Array): void {
    const headBytes = new DataView(bytes.buffer, bytes.byteOffset).getUint32(HEAD_LENGTH_AT, true)
    const head = bytes.subarray(HEAD_AT, HEAD_AT + headBytes)
    const kind = bytes[0]
    if (kind === CREDIT) {
      this.#credits++
      this.#wake()
    } else if (kind === ASK) this.#asks.push(decodeValue(head) as HandoffAsk)
    else if (kind === DONE || kind === ANSWERED) this.#arrived.push({ kind, message: decodeValue(head) as HandoffDone | HandoffAnswer })
    else {
      const [version, operator] = decodeValue(head) as [number, number]
      const [keys = [], states = []] = decodeColumns(bytes.subarray(bodyAt(headBytes)))
      this.#arrived.push({ kind, message: { version, operator, keys, states } })
    }
  }

  #sendRows(kind: number, { version, operator, keys, states }: HandoffRows): void {
    this.#link.send(message(kind, encodeValue([version, operator]), encodeColumns([keys, states], keys.length)))
  }
}

const NOTHING: Uint8Array = new Uint8Array(0)

/** A message: its kind, 3 bytes of zeros, the length of the head, the head, and the body, which starts at a multiple of 8. */
function message(kind: number, head: Uint8Array, body = NOTHING): Uint8Array {
  const bytes = new Uint8Array(bodyAt(head.length) + body.length)
  bytes[0] = kind
  new DataView(bytes.buffer).setUint32(HEAD_LENGTH_AT, head.length, true)
  bytes.set(head, HEAD_AT)
  bytes.set(body, bodyAt(head.length))
  return bytes
}

/** Bytes that lie at a multiple of 8 are copied out of shared memory word by word, others byte by byte. */
function bodyAt(headBytes: number): number {
  return (HEAD_AT + headBytes + 7) & ~7
}
