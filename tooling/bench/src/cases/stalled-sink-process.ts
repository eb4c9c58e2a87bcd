import { setTimeout as sleep } from 'node:timers/promises'
import type { Sink, SinkPartition } from '@malstrom/core'
import { defineJob, fromIterable, singleThread } from 'malstrom'
import type { StalledRun } from './stalled-sink.ts'

// Started by stalled-sink.ts: one run, prints how the resident memory of this process grew.

const RECORDS = 10_000_000
const STALL_AT = 2_000_000
const STALL_MS = 1_500
const BUFFER_RECORDS = 1_024
/** What may lie between the source and a stuck sink. More means that the source goes on reading. */
const IN_FLIGHT_RECORDS_MAX = 100_000

let read = 0
let written = 0
let stallGrowth = 0

interface Event {
  readonly id: number
  readonly text: string
}

/** Takes a buffer of records at a time and is stuck once, in the middle of the run. */
class StallingSink implements Sink<Event, unknown, unknown>, SinkPartition<Event, unknown, unknown, undefined> {
  #buffer: Event[] = []
  #stalled = false

  partitionOf(): string {
    return 'only'
  }

  openPartition(): this {
    return this
  }

  write(event: Event): void {
    this.#buffer.push(event)
    written++
  }

  get saturated(): boolean {
    return this.#buffer.length >= BUFFER_RECORDS
  }

  async flush(): Promise<void> {
    if (!this.#stalled && written >= STALL_AT) {
      this.#stalled = true
      await stall()
    }
    await new Promise(setImmediate)
    this.#buffer = []
  }

  snapshot(): undefined {
    return undefined
  }

  close(): void {}
}

async function stall(): Promise<void> {
  const before = process.memoryUsage.rss()
  await sleep(STALL_MS)
  stallGrowth = process.memoryUsage.rss() - before
  if (read - written > IN_FLIGHT_RECORDS_MAX) throw new Error(`The source read ${read - written} records ahead of a stuck sink.`)
}

function* events(): Generator<Event> {
  while (read < RECORDS) {
    read++
    yield { id: read, text: `event ${read}` }
  }
}

const job = defineJob({
  name: 'stalled-sink',
  module: import.meta.url,
  build(flow) {
    flow
      .source('events', fromIterable(events()))
      .map('shout', (event) => ({ id: event.id, text: `${event.text}!` }))
      .sink('stalling', new StallingSink())
  },
})

const start = process.memoryUsage.rss()
let peak = start
const sampler = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss())
}, 20)
await singleThread().run(job)
clearInterval(sampler)
if (written !== RECORDS) throw new Error(`${written} of ${RECORDS} records arrived.`)
const run: StalledRun = { stallGrowthMb: stallGrowth / 2 ** 20, runGrowthMb: (peak - start) / 2 ** 20 }
console.log(JSON.stringify(run))
