import type { ByteBlock } from '../codec/byte-block.ts'
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

/**
 * Bytes in front of a frame, of which the first is its kind. What lies at a multiple of 8 is copied into and out of
 * shared memory word by word; anything else byte by byte, which takes six times as long.
 */
const FRAME_HEADROOM = 8

/** A message of an exchange that is no frame. */
export type MarkMessage = EpochMark | IdleMark | BarrierMark | { readonly credits: number }

/** A frame as bytes, valid until the next call with the same encoder. */
export function encodeFrame(encoder: FrameEncoder, frame: Frame): Uint8Array {
  const bytes = encoder.encode(frame, FRAME_HEADROOM)
  bytes.fill(0, 0, FRAME_HEADROOM)
  bytes[0] = DATA
  return bytes
}

export function encodeEpoch({ epoch }: EpochMark): Uint8Array {
  return encodeValue(epoch, EPOCH)
}

export function encodeIdle({ idle }: IdleMark): Uint8Array {
  return new Uint8Array([IDLE, idle ? 1 : 0])
}

export function encodeBarrier({ barrier }: BarrierMark): Uint8Array {
  return encodeValue(barrier, BARRIER)
}

export function encodeCredits(credits: number): Uint8Array {
  return new Uint8Array([CREDIT, credits])
}

export function isFrame(message: Uint8Array): boolean {
  return message[0] === DATA
}

/**
 * The frame in a block with a copy of its message; valid as long as nobody writes to the block.
 *
 * @throws MalstromError `ERR_DATA_CORRUPT`
 */
export function decodeFrame(decoder: FrameDecoder, block: ByteBlock): Frame {
  const { values, keys, timestamps, count } = decoder.view(block, FRAME_HEADROOM)
  return { values, start: 0, keys, timestamps, count }
}

/** @throws MalstromError `ERR_DATA_CORRUPT` */
export function decodeMark(bytes: Uint8Array): MarkMessage {
  switch (bytes[0]) {
    case EPOCH:
      return { epoch: decodeValue(bytes, 1) }
    case BARRIER:
      return { barrier: decodeValue(bytes, 1) as Barrier }
    case IDLE:
      return { idle: bytes[1] === 1 }
    default:
      return { credits: bytes[1] ?? 0 }
  }
}
