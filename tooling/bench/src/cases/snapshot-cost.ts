import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diskPersistence } from '@malstrom/persistence'
import { defineJob, fromIterable, singleThread } from 'malstrom'
import { type Figure, figureOf } from '../figure.ts'
import { diceOf } from './values.ts'

const USERS = 100_000
const RECORDS = 20_000_000
const ROUNDS = 5

/** Throughput of keyed-100k with a snapshot to disk every second, against none; and the cost of knowing what changed. */
export async function runSnapshotCost(): Promise<Figure[]> {
  const payments = paymentsOf(USERS, 2_000_000)
  const ratios: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const without = await timed(payments, Number.POSITIVE_INFINITY)
    const withSnapshots = await timed(payments, 1_000)
    ratios.push(without / withSnapshots)
  }
  return [
    figureOf('snapshot-cost', 'throughput_ratio', 'ratio', ratios),
    figureOf('snapshot-cost', 'dirty_ns_per_update', 'ns', await dirtyTracking()),
  ]
}

interface Payment {
  readonly user: string
  readonly amount: number
}

function paymentsOf(users: number, count: number): Payment[] {
  const dice = diceOf(users)
  const names = Array.from({ length: users }, (_, i) => `user-${i}`)
  return Array.from({ length: count }, () => ({ user: names[dice(users)] as string, amount: dice(1_000) }))
}

function job(payments: readonly Payment[], rounds: number) {
  return defineJob({
    name: 'bench-cost',
    module: import.meta.url,
    build(flow) {
      const again = function* () {
        for (let round = 0; round < rounds; round++) yield* payments
      }
      flow
        .source('payments', fromIterable(again))
        .map('double', ({ user, amount }) => ({ user, amount: amount * 2 }))
        .filter('not sevens', ({ amount }) => amount % 7 !== 0)
        .keyDistribute('by user', ({ user }) => user)
        .fold(
          'sum',
          () => 0,
          (sum, { amount }) => sum + amount,
        )
        .discard('end')
    },
  })
}

/** Milliseconds for all records. */
async function timed(payments: readonly Payment[], snapshotIntervalMs: number): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'malstrom-bench-'))
  try {
    const options = Number.isFinite(snapshotIntervalMs) ? { persistence: diskPersistence(directory), snapshotIntervalMs } : {}
    const start = performance.now()
    await singleThread(options).run(job(payments, RECORDS / payments.length))
    return performance.now() - start
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** What an update costs more with changes tracked, at 1,000 keys: an object store in memory, no snapshot but the last. */
async function dirtyTracking(): Promise<number[]> {
  const { memoryPersistence } = await import('@malstrom/persistence')
  const payments = paymentsOf(1_000, 500_000)
  const measure = async (tracked: boolean) => {
    const options = tracked ? { persistence: memoryPersistence(), snapshotIntervalMs: Number.POSITIVE_INFINITY } : {}
    const start = performance.now()
    await singleThread(options).run(job(payments, 20))
    return (performance.now() - start) * 1e6
  }
  const samples: number[] = []
  for (let round = 0; round < 7; round++) {
    const plain = await measure(false)
    samples.push(((await measure(true)) - plain) / (payments.length * 20))
  }
  return samples
}
