import { MalstromError, type PeerId } from '@malstrom/core'
import { nameOf } from './wire.ts'

/** How messages call a peer and the place where it should be. */
export interface PeerPlace {
  readonly peer: PeerId
  /** `undefined`: nobody has said yet. */
  readonly address: string | undefined
}

export function lost(place: PeerPlace, why: string): MalstromError {
  return new MalstromError('ERR_LINK_LOST', `The link to ${placeOf(place)} is lost: ${why}.`, { context: contextOf(place.peer) })
}

export function refused(place: PeerPlace, reason: string): MalstromError {
  return new MalstromError('ERR_PEER_REFUSED', `There is no link to ${placeOf(place)}: ${reason}.`, { context: contextOf(place.peer) })
}

export function frameTooLarge(peer: PeerId, bytes: number, max: number): MalstromError {
  return new MalstromError(
    'ERR_FRAME_TOO_LARGE',
    `A frame of ${bytes} bytes for ${nameOf(peer)} is larger than the ${max} bytes that it takes. Raise frameBytesMax at both ends.`,
    { context: contextOf(peer) },
  )
}

function placeOf({ peer, address }: PeerPlace): string {
  return address === undefined ? `${nameOf(peer)}, whose address is not known` : `${nameOf(peer)} at ${address}`
}

function contextOf(peer: PeerId): { worker?: number } {
  return peer === 'coordinator' ? {} : { worker: peer }
}
