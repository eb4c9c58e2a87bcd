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
    readonly peers: ReadonlyMap<PeerId, ProcessAddress>
    readonly heartbeatTimeoutMs?: number
    /** How long a link waits for the other end to appear. */
    readonly linkTimeoutMs?: number
    /** Who this process is in this session, if not who the endpoint is. */
    readonly self?: PeerId
    /** A peer at whose address nobody listens any more is gone, before its silence shows. */
    readonly refusedIsGone?: boolean
    /** Tells peers where this process is. */
    readonly introduce?: boolean
    /** Somebody who is not among `peers` has introduced itself, and is a peer from now on. Without this it is turned away. */
    readonly welcome?: (peer: PeerId, address: ProcessAddress) => void
  }): ProcessLinks
  close(): Promise<void>
  /** Lets go of everything at once. */
  destroy(): void
}

/** Where a process can be reached, and the public key that proves that it is it, if there are keys. */
export interface ProcessAddress {
  readonly address: string
  readonly publicKey?: string
}

/** The links of one session of a process. */
export interface ProcessLinks extends Transport {
  addPeer(peer: PeerId, address: ProcessAddress): void
  /** Lets go of all links at once, without telling anybody. */
  destroy(): void
}

/** The keys of a process. */
export interface ProcessKeys {
  readonly publicKey: string
  /** Never leaves the process. */
  readonly secretKey: string
}

/** Where a process listens for others, on this machine or another one. */
export interface EndpointPlace {
  readonly self: PeerId
  /** `tcp://host:port`; port 0 takes one that is free. @default a free port of the interface that leads to `towards`, or of the loopback interface */
  readonly listen?: string | undefined
  /** The address of somebody it will talk to. */
  readonly towards?: string | undefined
  /** The host that others connect to, if it is not that of `listen`. */
  readonly advertisedHost?: string | undefined
  /** Needed to listen where other machines can connect: the keys of this process, and the public keys of those that may connect. */
  readonly security?: { readonly keys: ProcessKeys; readonly allowed: readonly string[] } | undefined
  /** Gets a line for each kind of peer that was turned away; never credentials. */
  logger(line: string): void
}

/** The module of a transport package, as far as a runtime that starts processes needs it. */
export interface ProcessTransportModule {
  /** Opens an endpoint in a folder that only this user can enter. */
  endpointIn(folder: string, self: PeerId): Promise<ProcessEndpoint>
  /** Opens an endpoint that others reach over a network. */
  endpointAt(place: EndpointPlace): Promise<ProcessEndpoint>
  /** New keys for a process. */
  generateKeys(): ProcessKeys
}
