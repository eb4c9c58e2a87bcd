import { decodeValue, encodeValue } from '../codec/columns.ts'
import type { FrameDecoder, FrameEncoder } from '../codec/frame-codec.ts'
import type { Barrier } from '../snapshot/barrier.ts'
import type { BarrierMark, EpochMark, Frame, IdleMark } from './frame.ts'

/** What a message between two workers is: its first byte. */
const DATA = 1
const EPOCH = 2
const BARRIER = 3
const CREDIT = 4
const IDLE = 5

/** A message of an exchange, as it arrives. */
export type Message = Frame | EpochMark | IdleMark | BarrierMark | { readonly credits: number }

/** A frame as bytes, valid until the next call with the same encoder. */
export function encodeFrame(encoder: FrameEncoder, frame: Frame): Uint8Array {
  const bytes = encoder.encode(frame, 1)
  bytes[0] = DATA
  return bytes
}

export function encodeEpoch({ epoch }: EpochMark): Uint8Array {
  return tagged(EPOCH, encodeValue(epoch))
}

export function encodeIdle({ idle }: IdleMark): Uint8Array {
  return new Uint8Array([IDLE, idle ? 1 : 0])
}

export function encodeBarrier({ barrier }: BarrierMark): Uint8Array {
  return tagged(BARRIER, encodeValue(barrier))
}

export function encodeCredits(credits: number): Uint8Array {
  return new Uint8Array([CREDIT, credits])
}

/** @throws MalstromError `ERR_DATA_CORRUPT` */
export function decodeMessage(decoder: FrameDecoder, bytes: Uint8Array): Message {
  const body = bytes.subarray(1)
  switch (bytes[0]) {
    case DATA:
      return { ...decoder.decode(bytes, 1), start: 0 }
    case EPOCH:
      return { epoch: decodeValue(body) }
    case BARRIER:
      return { barrier: decodeValue(body) as Barrier }
    case IDLE:
      return { idle: bytes[1] === 1 }
    default:
      return { credits: bytes[1] ?? 0 }
  }
}

function tagged(tag: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(body.length + 1)
  bytes[0] = tag
  bytes.set(body, 1)
  return bytes
}
