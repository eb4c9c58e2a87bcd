import { parentPort, workerData } from 'node:worker_threads'
import { ThreadTransport } from '@malstrom/runtime'
import { median } from '../statistics.ts'
import { type Lane, nowUs, portLanes, ringLanes, transferLanes } from './exchange-lanes.ts'
import { CREDITS_GRANTED, type ExchangeThread } from './exchange-ring.ts'

// Started by exchange-ring.ts: the other side of every lane.

const { ring, ports, transferPorts } = workerData as ExchangeThread
const transport = new ThreadTransport()
transport.addPeer(0, ring)
for (const [stream, oneWay, echo] of [ringLanes(transport, 0), portLanes(ports), transferLanes(transferPorts)]) {
  confirm(stream as Lane)
  measure(oneWay as Lane)
  const lane = echo as Lane
  lane.receive = (bytes) => lane.send(bytes)
}
parentPort?.postMessage('ready')

/** Looks at every cache line of what arrives, and grants new credits. */
function confirm(lane: Lane): void {
  const credit = new Uint8Array(8)
  let frames = 0
  lane.receive = (bytes) => {
    let sum = 0
    for (let i = 0; i < bytes.length; i += 64) sum += bytes[i] as number
    if (sum !== bytes.length / 64) throw new Error(`A frame arrived with the sum ${sum}.`)
    if (++frames % CREDITS_GRANTED === 0) lane.send(credit)
  }
}

/** Answers an empty frame with the median of how long the frames before it took. */
function measure(lane: Lane): void {
  let latencies: number[] = []
  lane.receive = (bytes) => {
    if (bytes.length > 0) {
      latencies.push(nowUs() - new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0, true))
      return
    }
    lane.send(new Uint8Array(Float64Array.of(median(latencies)).buffer))
    latencies = []
  }
}
