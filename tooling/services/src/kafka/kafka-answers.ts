import { connect } from 'node:net'

const PATIENCE_MS = 2_000
const METADATA = 3
/** Version 1 of the request, which every broker from 0.10 to 3.9 takes. */
const VERSION = 1

/** Whether the broker at `port` knows itself as part of the cluster: it then serves clients. */
export function answersRequests(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let received = Buffer.alloc(0)
    const end = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(PATIENCE_MS, () => end(false))
    socket.on('error', () => end(false)).on('close', () => resolve(false))
    socket.on('connect', () => socket.write(metadataRequest()))
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      // Size, correlation id, then how many brokers there are.
      if (received.length >= 12) end(received.readInt32BE(8) > 0)
    })
  })
}

/** Metadata of no topic: size, api key, version, correlation id, client id (none), topics (none). */
function metadataRequest(): Buffer {
  const request = Buffer.alloc(18)
  request.writeInt32BE(14, 0)
  request.writeInt16BE(METADATA, 4)
  request.writeInt16BE(VERSION, 6)
  request.writeInt16BE(-1, 12)
  return request
}
