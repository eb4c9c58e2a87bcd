import { defineJob, fromIterable, limitOutOfOrderness, singleThread, sliding, tumbling, type Windows } from 'malstrom'
import { type Figure, figureOf } from '../figure.ts'
import { ChecksumSink } from '../pipeline.ts'
import { pollute } from '../pollute.ts'
import { type Contestant, runRounds } from '../rounds.ts'
import { ratios } from '../statistics.ts'
import { diceOf } from './values.ts'

const RECORDS = 1_000_000
const ROUNDS = 7
const SIZE_MS = 60_000
const SLIDE_MS = 1_000
const DISORDER_MS = 500
const RECORDS_PER_MS = 2

interface Payment {
  readonly user: string
  readonly amount: number
  readonly paidAt: number
}

class SumSink extends ChecksumSink {
  override write(sum: number): void {
    this.checksum += sum
  }
}

/** Sums per user and window: with few records per user and second, and with many, where results are rare. */
export async function runSlidingWindow(): Promise<Figure[]> {
  await pollute(['malstrom'])
  return [...(await measure(100)), ...(await measure(1_000))]
}

async function measure(users: number): Promise<Figure[]> {
  const payments = paymentsOf(users)
  const total = payments.reduce((sum, { amount }) => sum + amount, 0)
  const overlap = SIZE_MS / SLIDE_MS
  const windows = (name: string, of: Windows<number, false>, checksum: number): Contestant => ({
    name,
    records: RECORDS,
    checksum,
    run: () => sumsIn(of, payments),
  })
  const samples = await runRounds(
    [
      { name: 'hand', records: RECORDS, checksum: total, run: () => tumblingByHand(payments) },
      windows('tumbling', tumbling(SIZE_MS), total),
      windows('sliding', sliding({ size: SIZE_MS, slide: SLIDE_MS }), total * overlap),
    ],
    { warmup: 2, counted: ROUNDS },
  )
  const nsOf = (name: string) => samples.get(name) ?? []
  const [hand, ours, slides] = [nsOf('hand'), nsOf('tumbling'), nsOf('sliding')]
  const of = `${users}_users`
  return [
    figureOf('sliding-window', `sliding_to_tumbling_${of}`, 'ratio', ratios(ours, slides)),
    figureOf('sliding-window', `tumbling_to_hand_${of}`, 'ratio', ratios(hand, ours)),
    figureOf('sliding-window', `tumbling_ns_per_record_${of}`, 'ns', ours),
    figureOf('sliding-window', `sliding_ns_per_record_${of}`, 'ns', slides),
    figureOf('sliding-window', `tumbling_hand_ns_per_record_${of}`, 'ns', hand),
  ]
}

async function sumsIn(windows: Windows<number, false>, payments: readonly Payment[]): Promise<number> {
  const sink = new SumSink()
  const job = defineJob({
    name: 'windows',
    module: import.meta.url,
    build(flow) {
      flow
        .source('payments', fromIterable(payments))
        .keyDistribute('by user', ({ user }) => user)
        .assignTimestamps('paid at', ({ paidAt }) => paidAt)
        .generateEpochs('epochs', limitOutOfOrderness(DISORDER_MS))
        .onTime.window(windows)
        .aggregate('sums', { init: () => 0, add: (sum, { amount }) => sum + amount, merge: (a, b) => a + b })
        .sink('checksum', sink)
    },
  })
  await singleThread().run(job)
  return sink.checksum
}

/** What one writes: sums per window and user, and windows go out when time has passed them. */
function tumblingByHand(payments: readonly Payment[]): number {
  const open = new Map<number, Map<string, { sum: number }>>()
  let checksum = 0
  let nextEnd = Number.POSITIVE_INFINITY
  const close = (epoch: number) => {
    nextEnd = Number.POSITIVE_INFINITY
    for (const [start, sums] of open) {
      if (start + SIZE_MS - 1 > epoch) nextEnd = Math.min(nextEnd, start + SIZE_MS - 1)
      else {
        for (const { sum } of sums.values()) checksum += sum
        open.delete(start)
      }
    }
  }
  for (let i = 0; i < payments.length; i++) {
    const { user, amount, paidAt } = payments[i] as Payment
    const start = Math.floor(paidAt / SIZE_MS) * SIZE_MS
    let sums = open.get(start)
    if (sums === undefined) {
      sums = new Map()
      open.set(start, sums)
      nextEnd = Math.min(nextEnd, start + SIZE_MS - 1)
    }
    const known = sums.get(user)
    if (known === undefined) sums.set(user, { sum: amount })
    else known.sum += amount
    if (paidAt - DISORDER_MS >= nextEnd) close(paidAt - DISORDER_MS)
  }
  close(Number.POSITIVE_INFINITY)
  return checksum
}

function paymentsOf(users: number): Payment[] {
  const dice = diceOf(users)
  const names = Array.from({ length: users }, (_, n) => `user-${n}`)
  return Array.from({ length: RECORDS }, (_, n) => ({
    user: names[dice(users)] as string,
    amount: dice(1_000),
    paidAt: Math.floor(n / RECORDS_PER_MS) + dice(DISORDER_MS),
  }))
}
