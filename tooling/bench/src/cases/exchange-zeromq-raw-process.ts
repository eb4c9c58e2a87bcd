import type { Link } from '@malstrom/core'
import { zeromqEndpoint } from '@malstrom/transport-zeromq'

// Started by exchange-zeromq-raw.ts: takes what comes on channel 0, and sends back what comes on channel 1.

const [folder] = process.argv.slice(2)
const endpoint = await zeromqEndpoint({ self: 1, bind: `ipc://${folder}/1` })
const transport = endpoint.transport({ session: 'exchange-zeromq-raw', peers: new Map([[0, { address: `ipc://${folder}/0` }]]) })

read(0, () => {})
read(1, (frame, link) => link.send(frame))
process.on('message', () => endpoint.close().then(() => process.exit()))

function read(channel: number, use: (frame: Uint8Array, link: Link) => void): void {
  const drain = () => {
    for (let frame = link.receive(); frame !== undefined; frame = link.receive()) use(frame, link)
  }
  const link = transport.open(0, channel, {
    readable: drain,
    failed(error) {
      throw error
    },
  })
  drain()
}
