import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Link } from '@malstrom/core'
import { type ZeromqTransport, zeromqEndpoint } from '@malstrom/transport-zeromq'
import { type Figure, figureOf } from '../figure.ts'
import { median } from '../statistics.ts'

const NAME = 'exchange-zeromq-raw'
const RUNS = 5
const FRAME_BYTES = 32 * 1_024
const RUN_BYTES = 400_000_000
/** A sender stops here. Less than a few windows leaves the transport waiting for the sender. */
const QUEUED_BYTES_MAX = 16_000_000
const ECHO_BYTES = 100
const ECHOES = 5_000
const ECHOES_PER_MS = 10

/** Frames of 32 KB to another process over ipc, and small ones there and back at 10,000 a second. */
export async function runExchangeZeromqRaw(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-zeromq-'))
  const endpoint = await zeromqEndpoint({ self: 0, bind: `ipc://${folder}/0` })
  const child = startPeer(folder)
  try {
    const transport = endpoint.transport({ session: NAME, peers: new Map([[1, { address: `ipc://${folder}/1` }]]) })
    const bulk = new Conversation(transport, 0)
    const echo = new Conversation(transport, 1)
    const [megabytes, latencies]: [number[], number[]] = [[], []]
    for (let run = 0; run <= RUNS; run++) {
      const rate = await sendBulk(bulk)
      const latency = await measureEchoes(echo)
      if (run === 0) continue // To warm up.
      megabytes.push(rate)
      latencies.push(latency)
    }
    return [figureOf(NAME, 'mb_per_second', 'MB/s', megabytes), figureOf(NAME, 'latency_p50_us', 'us', latencies)]
  } finally {
    child.send('end')
    await endpoint.close()
    rmSync(folder, { recursive: true })
  }
}

/** A link whose frames go to whoever waits. */
class Conversation {
  readonly link: Link
  onFrame: () => void = () => {}

  constructor(transport: ZeromqTransport, channel: number) {
    this.link = transport.open(1, channel, {
      readable: () => this.#read(),
      failed(error) {
        throw error
      },
    })
    this.#read()
  }

  #read(): void {
    while (this.link !== undefined && this.link.receive() !== undefined) this.onFrame()
  }
}

/** Megabytes a second. */
async function sendBulk({ link }: Conversation): Promise<number> {
  const frame = new Uint8Array(FRAME_BYTES)
  const start = performance.now()
  for (let sent = 0; sent < RUN_BYTES; sent += FRAME_BYTES) {
    link.send(frame)
    while (link.queuedBytes > QUEUED_BYTES_MAX) await new Promise(setImmediate)
  }
  while (link.queuedBytes > 0) await new Promise(setImmediate)
  return RUN_BYTES / 1_000 / (performance.now() - start)
}

/** Half of the median time that a frame takes there and back, in microseconds. */
async function measureEchoes(echo: Conversation): Promise<number> {
  const sentAt: number[] = []
  const times: number[] = []
  echo.onFrame = () => {
    times.push(performance.now() - (sentAt[times.length] as number))
  }
  const frame = new Uint8Array(ECHO_BYTES)
  const start = performance.now()
  while (times.length < ECHOES) {
    const due = Math.min(ECHOES, Math.floor((performance.now() - start) * ECHOES_PER_MS))
    while (sentAt.length < due) {
      sentAt.push(performance.now())
      echo.link.send(frame)
    }
    await sleep(1)
  }
  return (median(times) * 1_000) / 2
}

function startPeer(folder: string): ChildProcess {
  const child = fork(fileURLToPath(new URL('./exchange-zeromq-raw-process.ts', import.meta.url)), [folder], {
    stdio: ['ignore', 2, 2, 'ipc'],
  })
  child.on('exit', (code) => {
    if (code !== 0) throw new Error(`The peer ended with ${code}.`)
  })
  return child
}
