import type { PeerId } from '@malstrom/core'

// Every message is one ZeroMQ part. It starts with the same 10 bytes; numbers are big endian.
//
//   u8 0x4d 'M' | u8 version | u8 kind | u8 flags | u48 token of the receiving stream, or 0
//
//   hello    u48 own token | u32 largest frame | u32 window of a channel | session | from | to   (texts: u16 length, UTF-8)
//            from who introduces itself also: | own address | own public key, or an empty text
//   data     u48 number | u48 expected | { u32 channel | u32 length | bytes } ...
//   status   u48 next number | u48 expected               flag 1: send again, from `expected` on
//   bye      u48 next number | u48 expected
//   refused  text: the reason                             flags: a `Refusal`; the token is the one that was refused
//
// A token is random and belongs to one stream: one transport's end of what it has with one peer. A data entry with channel
// 0xffffffff holds credits: { u32 channel | u48 units consumed since the beginning } ...

const MAGIC = 0x4d
const VERSION = 1
const TOKEN_AT = 4
const BODY_AT = 10
const NUMBER_BYTES = 6

export const DATA_HEADER_BYTES = BODY_AT + 2 * NUMBER_BYTES
export const ENTRY_HEADER_BYTES = 8
export const CREDIT_CHANNEL = 0xffff_ffff
export const CREDIT_BYTES = 4 + NUMBER_BYTES
/** Tokens are 48 bits, and not 0. */
export const TOKEN_BYTES = NUMBER_BYTES

export type MessageKind = 'hello' | 'data' | 'status' | 'bye' | 'refused'

const KINDS: readonly (MessageKind | undefined)[] = [undefined, 'hello', 'data', 'status', 'bye', 'refused']

/** Why something was turned away. `later`: it may be accepted yet; `never`: it will not be; `closed`: it was ended in good order. */
export type Refusal = 'later' | 'never' | 'closed'

const REFUSALS: readonly Refusal[] = ['later', 'never', 'closed']

export interface Hello {
  /** The token of the receiver, if the sender knows it; otherwise 0. */
  readonly echo: number
  readonly token: number
  readonly frameBytesMax: number
  readonly channelBytesMax: number
  readonly session: string
  readonly from: PeerId
  readonly to: PeerId
  /** Where the sender can be reached, if it introduces itself to somebody who does not know. */
  readonly place?: { readonly address: string; readonly publicKey: string }
}

/** What can be told of a message by its first bytes; a text says why it is none. */
export function kindOf(message: Buffer): MessageKind | { readonly malformed: string } {
  if (message.length < BODY_AT || message[0] !== MAGIC) return { malformed: 'it does not speak the protocol' }
  if (message[1] !== VERSION) return { malformed: `it speaks version ${message[1]} of the protocol, and this is version ${VERSION}` }
  return KINDS[message[2] as number] ?? { malformed: 'it sent a message of an unknown kind' }
}

export function tokenOf(message: Buffer): number {
  return message.readUIntBE(TOKEN_AT, NUMBER_BYTES)
}

/** The first number of data, status and bye. */
export function numberOf(message: Buffer): number {
  return message.readUIntBE(BODY_AT, NUMBER_BYTES)
}

/** The second number of data, status and bye: everything before it has been received. */
export function expectedOf(message: Buffer): number {
  return message.readUIntBE(BODY_AT + NUMBER_BYTES, NUMBER_BYTES)
}

export function asksToSendAgain(message: Buffer): boolean {
  return (message[3] as number) === 1
}

export function writeHello(hello: Hello): Buffer {
  const place = hello.place === undefined ? [] : [hello.place.address, hello.place.publicKey]
  const texts = [hello.session, String(hello.from), String(hello.to), ...place].map((text) => Buffer.from(text))
  const fixed = Buffer.alloc(BODY_AT + NUMBER_BYTES + 8)
  writeHeader(fixed, 0, 'hello', 0, hello.echo)
  fixed.writeUIntBE(hello.token, BODY_AT, NUMBER_BYTES)
  fixed.writeUInt32BE(hello.frameBytesMax, BODY_AT + NUMBER_BYTES)
  fixed.writeUInt32BE(hello.channelBytesMax, BODY_AT + NUMBER_BYTES + 4)
  return Buffer.concat([fixed, ...texts.flatMap((text) => [lengthOf(text), text])])
}

/** @throws RangeError when the message is too short for what it says. */
export function readHello(message: Buffer): Hello {
  let at = BODY_AT + NUMBER_BYTES + 8
  const text = () => {
    const end = at + 2 + message.readUInt16BE(at)
    if (end > message.length) throw new RangeError('A text ends after the message.')
    const value = message.toString('utf8', at + 2, end)
    at = end
    return value
  }
  return {
    echo: tokenOf(message),
    token: message.readUIntBE(BODY_AT, NUMBER_BYTES),
    frameBytesMax: message.readUInt32BE(BODY_AT + NUMBER_BYTES),
    channelBytesMax: message.readUInt32BE(BODY_AT + NUMBER_BYTES + 4),
    session: text(),
    from: peerOf(text()),
    to: peerOf(text()),
    ...(at < message.length ? { place: { address: text(), publicKey: text() } } : {}),
  }
}

/** Whether there are frames in a data message, and not only credits. */
export function hasFrames(message: Buffer): boolean {
  if (message.length < DATA_HEADER_BYTES + ENTRY_HEADER_BYTES || message.readUInt32BE(DATA_HEADER_BYTES) !== CREDIT_CHANNEL) return true
  return message.length > DATA_HEADER_BYTES + ENTRY_HEADER_BYTES + message.readUInt32BE(DATA_HEADER_BYTES + 4)
}

/** The header of a data message whose entries have been written already. */
export function writeDataHeader(buffer: Buffer, start: number, token: number, number: number, expected: number): void {
  writeHeader(buffer, start, 'data', 0, token)
  buffer.writeUIntBE(number, start + BODY_AT, NUMBER_BYTES)
  buffer.writeUIntBE(expected, start + BODY_AT + NUMBER_BYTES, NUMBER_BYTES)
}

export function writeStatus(kind: 'status' | 'bye', token: number, next: number, expected: number, again: boolean): Buffer {
  const message = Buffer.alloc(DATA_HEADER_BYTES)
  writeDataHeader(message, 0, token, next, expected)
  writeHeader(message, 0, kind, again ? 1 : 0, token)
  return message
}

export function writeCredit(buffer: Uint8Array, at: number, channel: number, consumed: number): void {
  const view = Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength)
  view.writeUInt32BE(channel, at)
  view.writeUIntBE(consumed, at + 4, NUMBER_BYTES)
}

export function writeRefusal(refusal: Refusal, token: number, reason: string): Buffer {
  const header = Buffer.alloc(BODY_AT)
  writeHeader(header, 0, 'refused', REFUSALS.indexOf(refusal), token)
  return Buffer.concat([header, Buffer.from(reason)])
}

export function readRefusal(message: Buffer): { refusal: Refusal; token: number; reason: string } {
  return { refusal: REFUSALS[message[3] as number] ?? 'later', token: tokenOf(message), reason: message.toString('utf8', BODY_AT) }
}

function writeHeader(buffer: Buffer, start: number, kind: MessageKind, flags: number, token: number): void {
  buffer[start] = MAGIC
  buffer[start + 1] = VERSION
  buffer[start + 2] = KINDS.indexOf(kind)
  buffer[start + 3] = flags
  buffer.writeUIntBE(token, start + TOKEN_AT, NUMBER_BYTES)
}

function lengthOf(text: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(text.length)
  return length
}

function peerOf(text: string): PeerId {
  if (text === 'coordinator') return text
  if (!/^\d{1,15}$/.test(text)) throw new RangeError('A peer is a number or "coordinator".')
  return Number(text)
}

export function nameOf(peer: PeerId): string {
  return peer === 'coordinator' ? 'the coordinator' : `worker ${peer}`
}
