import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'

/** What goes in: who, and when it was due, on the clock of this process. */
export interface Event {
  readonly user: string
  readonly at: number
}

/** What comes out for each event: how many there were of the user. */
export interface Counted extends Event {
  readonly count: number
}

/** What comes out for each user and window. */
export interface Total {
  readonly user: string
  readonly sum: number
  readonly start: number
}

export const [INPUT, OUTPUT, TOTALS] = ['in', 'out', 'totals']
/** No stream is longer, so that the server stays small; a job that is behind by more than a minute fails. */
export const LENGTH_MAX = 300_000
/** A minute of results of windows. */
export const TOTALS_LENGTH_MAX = 10_000
export const WINDOW_MS = 10_000
/** Longer than a user lasts. */
export const TTL_MS = 30_000

const RECORDS_PER_SECOND = 5_000
const TICK_MS = 5
const BATCH_MAX = 1_000
const READ_MAX = 1_000
const READ_BLOCK_MS = 200
/** Users come and go: so many at a time, each with so many records, and never again. */
const USERS = 1_000
const RECORDS_PER_USER = 50
const PADDING = 'x'.repeat(160)
/** An event behind all others, which ends the last windows. */
const LAST_USER = 'the last'
const LAST_AFTER_MS = 60_000
const DRAIN_MS_MAX = 120_000
const LATENCY_MAX_US = 600_000_000

export const RECORDS_PER_GENERATION = USERS * RECORDS_PER_USER
export const GENERATION_SECONDS = RECORDS_PER_GENERATION / RECORDS_PER_SECOND

/**
 * So many events, at the pace of a clock: what is late because something stood still comes at once, with the time at which it was due.
 * Returns the id of the last one.
 */
export async function feed(client: Redis, records: number): Promise<string> {
  const start = performance.now()
  let lastId = ''
  for (let next = 0; next < records; ) {
    const due = Math.min(records, next + BATCH_MAX, Math.floor(((performance.now() - start) * RECORDS_PER_SECOND) / 1_000))
    const pipeline = client.pipeline()
    for (; next < due; next++) {
      const user = `${Math.floor(next / RECORDS_PER_GENERATION)}/${next % USERS}`
      const event = { user, at: start + (next * 1_000) / RECORDS_PER_SECOND, padding: PADDING }
      pipeline.xadd(INPUT, 'MAXLEN', '~', LENGTH_MAX, '*', 'value', JSON.stringify(event))
    }
    if (pipeline.length > 0) lastId = lastOf(await pipeline.exec()) ?? lastId
    await sleep(TICK_MS)
  }
  return lastId
}

/** The event behind all others, of which the last has this id. */
export async function feedLast(client: Redis, lastId: string): Promise<void> {
  const end = { user: LAST_USER, at: performance.now() }
  await client.xadd(INPUT, `${Number.parseInt(lastId, 10) + LAST_AFTER_MS}-0`, 'value', JSON.stringify(end))
}

function lastOf(replies: readonly [Error | null, unknown][] | null): string | undefined {
  for (const [error] of replies ?? []) if (error !== null) throw error
  return replies?.at(-1)?.[1] as string | undefined
}

/** Reads what the job writes as it comes, and keeps nothing of it but counts. */
export class Reader {
  /** Records that came out. */
  records = 0
  /** Users of which the last event came with the right count. */
  complete = 0
  /** Events in all windows. */
  windowed = 0
  latency = latencies()
  #ids = ['0', '0']
  #ended = false
  readonly #client: Redis

  constructor(client: Redis) {
    this.#client = client
  }

  /** Until it is told to end, at the latest a while after that. */
  async run(): Promise<void> {
    while (!this.#ended) await this.#read()
  }

  end(): void {
    this.#ended = true
  }

  /** Until there is everything that must come of so many events, and a moment longer for what must not. */
  async drained(records: number): Promise<void> {
    const deadline = performance.now() + DRAIN_MS_MAX
    const isMissing = () => this.records < records || this.windowed < records
    while (isMissing() && performance.now() < deadline) await sleep(100)
    await sleep(1_000)
    const users = records / RECORDS_PER_USER
    if (this.records === records && this.windowed === records && this.complete === users) return
    const found = `${this.records} records came out, ${this.windowed} in windows, ${this.complete} users were complete`
    throw new Error(`${found}; there must be ${records}, as many in windows, and ${users} users.`)
  }

  async #read(): Promise<void> {
    const streams = await this.#client.xread('COUNT', READ_MAX, 'BLOCK', READ_BLOCK_MS, 'STREAMS', OUTPUT, TOTALS, ...this.#ids)
    const now = performance.now()
    for (const [name, entries] of streams ?? []) {
      for (const [, fields] of entries) this.#take(name, fields[1] as string, now)
      const last = entries.at(-1)?.[0]
      if (last !== undefined) this.#ids[name === OUTPUT ? 0 : 1] = last
    }
  }

  #take(stream: string, json: string, now: number): void {
    const value = JSON.parse(json) as Counted & Total
    if (value.user === LAST_USER) return
    if (stream === TOTALS) {
      this.windowed += value.sum
      return
    }
    this.records++
    if (value.count === RECORDS_PER_USER) this.complete++
    this.latency.record(Math.min(LATENCY_MAX_US, Math.max(1, Math.round((now - value.at) * 1_000))))
  }
}

export function latencies(): RecordableHistogram {
  return createHistogram({ lowest: 1, highest: LATENCY_MAX_US, figures: 3 })
}
