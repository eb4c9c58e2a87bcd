import type { WorkerId } from './identity.ts'

export type PeerId = WorkerId | 'coordinator'

/** Ordered, reliable links between the workers and the coordinator of one job. */
export interface Transport {
  /**
   * Opens the link to `peer` for one `channel`. Both ends open it, at most once. Does not wait for
   * the other end: frames sent before it appears are kept.
   */
  open(peer: PeerId, channel: number, events: LinkEvents): Link
  close(): Promise<void>
}

export interface Link {
  /** Queues `frame`. Never waits, never drops, never reorders. Takes ownership of the bytes. */
  send(frame: Uint8Array): void
  /** The next frame, or `undefined`. Never waits. */
  receive(): Uint8Array | undefined
  /** Bytes accepted by `send` but not yet handed over; the runtime pauses sources when it grows. */
  readonly queuedBytes: number
}

export interface LinkEvents {
  /** A frame arrived after `receive` had returned `undefined`. Wakes the worker. */
  readable(): void
  /** The link is lost for good: retries are the transport's business. The job restarts. */
  failed(error: Error): void
}
