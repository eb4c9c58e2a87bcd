import type { Link, LinkEvents, PeerId, Transport } from '@malstrom/core'
import { keepProcessAlive } from '../host/node-environment.ts'
import type { Ends } from './ends.ts'
import type { Lending } from './inbox.ts'
import { RingReader } from './ring.ts'
import { ThreadPeer } from './thread-peer.ts'

/**
 * Links between the threads of one process, over rings in shared memory. Each thread has one. Whoever starts the threads makes
 * two `createEnds` for each pair and posts each thread its own:
 *
 *   starter  -> worker 0   ends with worker 1    transport.addPeer(1, ends)
 *   starter  -> worker 1   ends with worker 0    transport.addPeer(0, ends)
 *
 * in any order and at any time, also while the job runs and links to that peer are open. It also tells the others when a
 * thread is lost. An open link does not keep its thread alive.
 */
export class ThreadTransport implements Transport {
  readonly #peers = new Map<PeerId, ThreadPeer>()
  readonly #lending: Lending = { inbox: undefined }
  #closing: Promise<void> | undefined

  /** Connects the links to `peer`: once. What was sent to it before goes out now. */
  addPeer(peer: PeerId, ends: Ends): void {
    if (this.#closing === undefined) this.#peer(peer).connect(ends)
    else refuse(ends)
  }

  /** All links to `peer` have failed, also those not yet open. The second time nothing happens. */
  peerLost(peer: PeerId, error: Error): void {
    if (this.#closing === undefined) this.#peer(peer).fail(error)
  }

  open(peer: PeerId, channel: number, events: LinkEvents): Link {
    return this.#peer(peer).open(channel, events)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const release = keepProcessAlive()
    try {
      await Promise.all([...this.#peers.values()].map((peer) => peer.close()))
    } finally {
      release()
    }
  }

  #peer(peer: PeerId): ThreadPeer {
    const known = this.#peers.get(peer)
    if (known !== undefined) return known
    const added = new ThreadPeer(peer, this.#lending)
    this.#peers.set(peer, added)
    return added
  }
}

/** A thread may be told of a peer while it ends: the peer learns that nobody will read. */
function refuse({ incoming, port }: Ends): void {
  new RingReader(incoming).close()
  port.close()
}
