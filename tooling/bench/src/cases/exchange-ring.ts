import { once } from 'node:events'
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { createEnds, type Ends, ThreadTransport } from '@malstrom/runtime'
import { type Figure, figureOf } from '../figure.ts'
import { median, ratios } from '../statistics.ts'
import { type Lane, nowUs, openLanes, portLanes, ringLanes, transferLanes } from './exchange-lanes.ts'

const RUNS = 5
const FRAME_BYTES = 24 * 1024
const FRAMES = 6_000
/** Frames on the way at most; how many the other side confirms at once. */
export const CREDITS = 32
export const CREDITS_GRANTED = 8
const LATENCY_FRAMES = 3_000
const LATENCY_PERIOD_US = 100

const MODULE = new URL('./exchange-ring-thread.ts', import.meta.url).href
// Node 20 does not give a thread the hooks that load TypeScript in the main thread.
const START = `import('tsx/esm/api').then(({ register }) => { register(); return import(${JSON.stringify(MODULE)}) })`

/** What the other thread is started with: its ends of everything that is compared. */
export interface ExchangeThread {
  readonly ring: Ends
  readonly ports: readonly MessagePort[]
  readonly transferPorts: readonly MessagePort[]
}

/** Frames from this thread to another and back: over the rings, and as messages with the same bytes. */
export async function runExchangeRing(): Promise<Figure[]> {
  const [ring, otherRing] = createEnds()
  const pairs = (count: number) => Array.from({ length: count }, () => new MessageChannel())
  const [plain, transferred] = [pairs(openLanes.length), pairs(openLanes.length)]
  const workerData: ExchangeThread = {
    ring: otherRing,
    ports: plain.map(({ port2 }) => port2),
    transferPorts: transferred.map(({ port2 }) => port2),
  }
  const transferList = [otherRing.port, ...workerData.ports, ...workerData.transferPorts]
  const worker = new Worker(START, { eval: true, workerData, transferList })
  await once(worker, 'message')
  const transport = new ThreadTransport()
  transport.addPeer(1, ring)
  const contestants = {
    ring: ringLanes(transport, 1),
    post_message: portLanes(plain.map(({ port1 }) => port1)),
    transfer: transferLanes(transferred.map(({ port1 }) => port1)),
  }
  const samples = new Map<string, number[]>()
  for (let run = -1; run < RUNS; run++) {
    for (const [name, [stream, oneWay, echo]] of Object.entries(contestants)) {
      const results = {
        mb_per_second: await throughput(stream as Lane),
        one_way_p50_us: name === 'transfer' ? undefined : await oneWayLatency(oneWay as Lane),
        round_trip_p50_us: name === 'transfer' ? undefined : await roundTrip(echo as Lane),
      }
      for (const [metric, value] of Object.entries(results)) {
        if (value === undefined || run < 0) continue
        const key = name === 'ring' ? metric : `${name}_${metric}`
        samples.set(key, [...(samples.get(key) ?? []), value])
      }
    }
  }
  await transport.close()
  await worker.terminate()
  return figuresOf(samples)
}

function figuresOf(samples: ReadonlyMap<string, readonly number[]>): Figure[] {
  const of = (metric: string) => samples.get(metric) ?? []
  const unitOf = (metric: string) => (metric.endsWith('_us') ? 'us' : 'MB/s')
  return [
    figureOf('exchange-ring', 'ratio_to_post_message', 'ratio', ratios(of('mb_per_second'), of('post_message_mb_per_second'))),
    figureOf('exchange-ring', 'ratio_to_transfer', 'ratio', ratios(of('mb_per_second'), of('transfer_mb_per_second'))),
    ...[...samples].map(([metric, values]) => figureOf('exchange-ring', metric, unitOf(metric), values)),
  ]
}

/** Megabytes (10^6) per second, with a bounded number of frames on the way. */
async function throughput(lane: Lane): Promise<number> {
  const frame = new Uint8Array(FRAME_BYTES).fill(1)
  const start = nowUs()
  await new Promise<void>((resolve) => {
    let sent = 0
    let confirmed = 0
    const send = () => {
      for (; sent < FRAMES && sent - confirmed < CREDITS; sent++) lane.send(frame)
    }
    lane.receive = () => {
      confirmed += CREDITS_GRANTED
      if (confirmed >= FRAMES) resolve()
      else send()
    }
    send()
  })
  return (FRAMES * FRAME_BYTES) / (nowUs() - start)
}

/** Sends a frame with the time every so often; the other thread answers the last, empty one with the median. */
async function oneWayLatency(lane: Lane): Promise<number> {
  const answer = new Promise<number>((resolve) => {
    lane.receive = (bytes) => resolve(numberOf(bytes))
  })
  const stamp = new Float64Array(4)
  await paced(() => {
    stamp[0] = nowUs()
    lane.send(new Uint8Array(stamp.buffer))
  })
  lane.send(new Uint8Array(0))
  return answer
}

async function roundTrip(lane: Lane): Promise<number> {
  const trips: number[] = []
  lane.receive = (bytes) => trips.push(nowUs() - numberOf(bytes))
  const stamp = new Float64Array(4)
  await paced(() => {
    stamp[0] = nowUs()
    lane.send(new Uint8Array(stamp.buffer))
  })
  while (trips.length < LATENCY_FRAMES) await new Promise((resolve) => setImmediate(resolve))
  return median(trips)
}

/** Runs `send` at a steady pace from the event loop. What is late is not made up for: the frames stay one by one. */
function paced(send: () => void): Promise<void> {
  return new Promise((resolve) => {
    let count = 0
    let last = 0
    const step = () => {
      if (nowUs() - last >= LATENCY_PERIOD_US) {
        last = nowUs()
        send()
        count++
      }
      if (count === LATENCY_FRAMES) resolve()
      else setImmediate(step)
    }
    step()
  })
}

function numberOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0, true)
}
