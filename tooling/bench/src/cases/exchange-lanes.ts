import type { MessagePort } from 'node:worker_threads'
import type { Link, PeerId, Transport } from '@malstrom/core'

/** One way to get bytes to another thread and back. */
export interface Lane {
  send(bytes: Uint8Array): void
  /** Called with everything that arrives. The bytes are valid until it returns. */
  receive(bytes: Uint8Array): void
}

/** A lane for each measurement, so that they do not meet. */
export const openLanes = ['stream', 'one way', 'echo'] as const

/** Microseconds on a clock that all threads share. */
export function nowUs(): number {
  return Number(process.hrtime.bigint()) / 1_000
}

/** Over the rings. */
export function ringLanes(transport: Transport, peer: PeerId): Lane[] {
  return openLanes.map((_, channel) => {
    const lane: Lane = { send: (bytes) => link.send(bytes), receive: () => {} }
    const link: Link = transport.open(peer, channel, {
      readable() {
        for (let frame = link.receive(); frame !== undefined; frame = link.receive()) lane.receive(frame)
      },
      failed(error) {
        throw error
      },
    })
    return lane
  })
}

/** As messages: Node copies the bytes. */
export function portLanes(ports: readonly MessagePort[]): Lane[] {
  return ports.map((port) => messages(port, (bytes) => port.postMessage(bytes)))
}

/** As messages whose bytes are handed over: whoever sends gives away a buffer of its own for each. */
export function transferLanes(ports: readonly MessagePort[]): Lane[] {
  return ports.map((port) =>
    messages(port, (bytes) => {
      const given = bytes.slice()
      port.postMessage(given, [given.buffer])
    }),
  )
}

function messages(port: MessagePort, send: (bytes: Uint8Array) => void): Lane {
  const lane: Lane = { send, receive: () => {} }
  port.on('message', (bytes: Uint8Array) => lane.receive(bytes))
  return lane
}
