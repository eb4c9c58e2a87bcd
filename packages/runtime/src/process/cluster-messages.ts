import type { JobStatus, PeerId, ProcessAddress, ProcessKeys, WorkerId } from '@malstrom/core'

// What the coordinator of a cluster and a process that joins it say to each other, over one link, before and beside the links of workers.
//
//   process                          coordinator
//   join(name of the job)       ->
//                               <-   Welcome: the params, where state is kept, the fingerprint of the graph
//   ready(fingerprint)          ->   the process may become a worker
//                               <-   begin(Assignment): be worker 3 in this session; answered when its links are open
//                               <-   peer(worker, address), told: one more worker of the session
//       links of the session: WorkerServer, exchanges, handoffs
//                               <-   end(): answered when the worker has ended and its links are gone
//                               <-   ping(), while it is no worker
//                               <-   dismissed(why), told: it counts as lost, and may join again
//   leave(why)                  ->
//                               <-   over(how the job has ended)
//
// Whoever only asks says status() or rescale(workers). A session belongs to one generation of one start of a coordinator, so what a
// worker that was replaced still sends is turned away.

/** What both ends of such a link have in common. The number counts changes of what is said. */
export const JOIN_SESSION = 'malstrom cluster 1'

/** How long a process may be silent over such a link. What blocks a worker for longer ends its membership. */
export const MEMBER_SILENCE_MS = 20_000

/** How long the coordinator may be silent, which runs nothing that blocks it. More than two of its heartbeats. */
export const COORDINATOR_SILENCE_MS = 10_000

/** Keys of a process of a cluster. Usually all of them share one pair, which then is the key to the cluster. */
export interface ClusterSecurity {
  readonly keys: ProcessKeys
  /** The public keys that may connect. @default that of `keys` */
  readonly allowed?: readonly string[]
  /** The public key of the coordinator. @default that of `keys` */
  readonly coordinatorKey?: string
}

/** What a process is told when it joins. */
export interface Welcome {
  readonly params: unknown
  /** Where the job keeps its state, in place of its own `persistence`. */
  readonly state: string | undefined
  readonly interpret: boolean
  readonly fingerprint: string
}

/** What a process is to be. */
export interface Assignment {
  readonly worker: WorkerId
  readonly session: string
  readonly silenceMs: number
  readonly peers: readonly (readonly [PeerId, ProcessAddress])[]
}

/** How the job has ended, for the processes that joined. */
export interface ClusterEnd {
  readonly how: string
  /** Set if it has failed. */
  readonly problem?: string
}

/** What a coordinator tells of its cluster. */
export interface ClusterStatus {
  readonly job: JobStatus
  readonly workers: readonly { readonly worker: WorkerId; readonly address: string }[]
  /** The addresses of processes that have joined and are no workers now. */
  readonly spares: readonly string[]
}

/** The security of an endpoint. */
export function endpointSecurity(security: ClusterSecurity | undefined) {
  return security && { keys: security.keys, allowed: security.allowed ?? [security.keys.publicKey] }
}

/** Where the coordinator is, with the key that proves that it is it. */
export function coordinatorPlace(address: string, security: ClusterSecurity | undefined): ProcessAddress {
  return security === undefined ? { address } : { address, publicKey: security.coordinatorKey ?? security.keys.publicKey }
}
