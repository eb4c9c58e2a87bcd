import type { PeerId, Transport } from '@malstrom/core'
import type { SuiteLimits } from './external-system.ts'

/** Two ends that know each other, of one generation of a job. */
export interface TransportPair {
  readonly first: TransportEnd
  readonly second: TransportEnd
  /** Ends `second` as a crash does: without closing it. Leave it out if that is impossible; then it is not checked that `first` notices. */
  kill?(): Promise<void> | void
  /** Called after every check, when both transports have been closed: removes what is below them. */
  dispose?(): Promise<void> | void
}

export interface TransportEnd {
  /** What the other end calls this one. */
  readonly peer: PeerId
  readonly transport: Transport
}

export interface TransportSuiteOptions extends Omit<SuiteLimits, 'runs'> {
  /** Called before every check: makes two ends of which no link has been opened. */
  create(): Promise<TransportPair> | TransportPair
  /** The largest frame that is tried. @default 4 MiB */
  readonly frameBytesMax?: number
  /** How much one link may take from a sender, and still say that nothing is queued, while nobody receives. @default 64 MiB */
  readonly bufferedBytesMax?: number
}

export const FRAME_BYTES_MAX = 4 * 1_024 * 1_024
export const BUFFERED_BYTES_MAX = 64 * 1_024 * 1_024
