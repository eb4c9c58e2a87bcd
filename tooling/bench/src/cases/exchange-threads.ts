import { multiThread } from '@malstrom/runtime'
import { type ExchangeParams, exchangeJob } from '../exchange/exchange-job.ts'
import { postMessageRate } from '../exchange/post-message.ts'
import { type Figure, figureOf } from '../figure.ts'
import { median } from '../statistics.ts'

const RUNS = 5
// Some seconds each: in the first tenths of one, V8 still compiles.
const NUMBERS = 100_000_000
const OBJECTS = 20_000_000
const POSTED = 300_000
const PACED = 20_000
const RATE = 10_000

/** Millions of records per second from one thread to another, through the whole engine; and how long one record is under way. */
export async function runExchangeThreads(): Promise<Figure[]> {
  const [numbers, objects, ratios, p50s, p99s]: number[][] = [[], [], [], [], []]
  for (let run = 0; run < RUNS; run++) {
    const posted = await postMessageRate(POSTED)
    numbers?.push(await rateOf({ records: NUMBERS, kind: 'numbers' }))
    const rate = await rateOf({ records: OBJECTS, kind: 'objects' })
    objects?.push(rate)
    ratios?.push(rate / posted)
    const sorted = await latencies()
    p50s?.push(median(sorted))
    p99s?.push(sorted[Math.floor(sorted.length * 0.99)] as number)
  }
  return [
    figureOf('exchange-threads', 'numbers_mrps', 'M/s', numbers ?? []),
    figureOf('exchange-threads', 'objects_mrps', 'M/s', objects ?? []),
    figureOf('exchange-threads', 'ratio_to_postmessage', 'ratio', ratios ?? []),
    figureOf('exchange-threads', 'latency_p50_us', 'us', p50s ?? []),
    figureOf('exchange-threads', 'latency_p99_us', 'us', p99s ?? []),
  ]
}

async function rateOf(params: Pick<ExchangeParams, 'records' | 'kind'>): Promise<number> {
  const times = new SharedArrayBuffer(16)
  await multiThread({ workers: 2 }).run(exchangeJob, { ...params, report: { times } })
  const [first = 0, last = 0] = new Float64Array(times)
  return params.records / (last - first) / 1_000
}

/** How long each of the records was under way, sorted, in microseconds. */
async function latencies(): Promise<number[]> {
  const shared = new SharedArrayBuffer(8 * PACED)
  const times = new SharedArrayBuffer(16)
  await multiThread({ workers: 2 }).run(exchangeJob, { records: PACED, kind: 'numbers', rate: RATE, report: { times, latencies: shared } })
  // The first ones come while the threads still warm up.
  return [...new Float64Array(shared)].slice(PACED / 4).sort((a, b) => a - b)
}
