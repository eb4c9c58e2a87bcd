import type { WorkerId } from './identity.ts'

export type PeerId = WorkerId | 'coordinator'

/** Ordered, reliable links between the workers and the coordinator of one generation of a job. */
export interface Transport {
  /**
   * Opens the link to `peer` for one `channel`. Both ends open it, at most once. Does not wait for
   * the other end: frames sent before it appears are kept.
   */
  open(peer: PeerId, channel: number, events: LinkEvents): Link
  /** Closes every link. What was sent before has been handed over when it resolves, unless a link has failed. */
  close(): Promise<void>
}

/** One channel between two peers, both ways. */
export interface Link {
  /** Queues `frame`. Never waits, never drops, never reorders. The bytes are the caller's again when it returns. */
  send(frame: Uint8Array): void
  /** The next frame, or `undefined`. Never waits. The bytes are valid until the next call of `receive` on any link of the transport. */
  receive(): Uint8Array | undefined
  /** Bytes accepted by `send` but not yet handed over; whoever sends stops when it grows. */
  readonly queuedBytes: number
}

export interface LinkEvents {
  /** A frame arrived after `receive` had returned `undefined`. Wakes the worker. */
  readable(): void
  /** The link is lost for good: retries are the transport's business. The job restarts. Called at most once. */
  failed(error: Error): void
}

/** Where one process can be reached by others: what a transport package gives to a runtime that starts processes. */
export interface ProcessEndpoint {
  /** How others reach it. */
  readonly address: string
  /** The links of one generation of a job. Peers are added as they appear; one that is silent for longer than the limit is lost. */
  transport(options: {
    readonly session: string
    readonly peers: ReadonlyMap<PeerId, { readonly address: string }>
    readonly heartbeatTimeoutMs?: number
  }): Transport & {
    addPeer(peer: PeerId, address: { readonly address: string }): void
  }
  close(): Promise<void>
  /** Lets go of everything at once. */
  destroy(): void
}

/** The module of a transport package, as far as a runtime that starts processes needs it. */
export interface ProcessTransportModule {
  /** Opens an endpoint in a folder that only this user can enter. */
  endpointIn(folder: string, self: PeerId): Promise<ProcessEndpoint>
}
