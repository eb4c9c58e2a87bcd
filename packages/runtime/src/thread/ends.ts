import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { createRing, RING_BYTES } from './ring.ts'

/**
 * One peer's half of a connection: a ring each way, and a port over which the two wake each other. Plain data for `postMessage`,
 * which has to list `port` as transferred.
 */
export interface Ends {
  readonly incoming: SharedArrayBuffer
  readonly outgoing: SharedArrayBuffer
  readonly port: MessagePort
}

/**
 * A connection between two peers, one half for each. Whoever starts the threads creates it. `ringBytes` is a power of two from
 * 64 to 2^30: how much may be on the way, each way.
 *
 * The wake-ups are messages, not `Atomics.waitAsync`: as fast on Node 20 (12 to 18 us one way), and only a port has a defined influence on
 * how long a thread lives (none, once it is unref'd) and notices the end of the other thread.
 */
export function createEnds(ringBytes = RING_BYTES): [Ends, Ends] {
  const there = createRing(ringBytes)
  const back = createRing(ringBytes)
  const { port1, port2 } = new MessageChannel()
  return [
    { outgoing: there, incoming: back, port: port1 },
    { outgoing: back, incoming: there, port: port2 },
  ]
}
