import type { Sink, Source } from '@malstrom/core'
import { defineJob, limitOutOfOrderness } from '@malstrom/operators'
import { type SimulatedRecord, simulate } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'

interface Transfer {
  readonly from: number
  readonly to: number
  readonly amount: number
}

// biome-ignore lint/suspicious/noExplicitAny: sinks of tests have partitions and states of their own
type AnySink = Sink<string, any, number, any, any>

const JITTER_MS = 40
const TTL_MS = 30
const ACCOUNTS = 6
const kinds = ['balances', 'total', 'latest'] as const
type Kind = (typeof kinds)[number]

// biome-ignore lint/suspicious/noExplicitAny: sources of tests have positions of their own
function accountsJob(source: Source<Transfer, number, any, any>, sinks: Readonly<Record<Kind, AnySink>>) {
  return defineJob({
    name: 'accounts',
    module: import.meta.url,
    build(flow) {
      const { onTime, late } = flow.source('transfers', source, { epochs: limitOutOfOrderness(JITTER_MS) })
      late.discard('late')
      const postings = onTime
        .flatMap('postings', ({ from, to, amount }) => [
          { account: from, amount: -amount },
          { account: to, amount },
        ])
        .keyDistribute('by account', ({ account }) => account)
      const balances = postings.rows('rows').sum('balance', ({ amount }) => amount)
      const total = balances.groupBy('together', () => 'all').sum('sum', (balance) => balance)
      const latest = postings.map('when', (_posting, _account, at) => at).table('last posting', { ttl: TTL_MS })
      balances
        .toUpserts('upserts')
        .map('balance text', ({ key, value }, _key, at) => `${at}: ${key} has ${value}`)
        .sink('balances', sinks.balances)
      total
        .changes()
        .map('total text', ({ value, diff }) => `${diff} of ${value}`)
        .sink('total', sinks.total)
      latest
        .changes()
        .map('latest text', ({ value, diff }, key, at) => `${at}: ${key} ${diff} of ${value}`)
        .sink('latest', sinks.latest)
    },
  })
}

function expectedOf(records: readonly SimulatedRecord<Transfer, number>[]): Readonly<Record<'balances' | 'latest', string[]>> {
  const balances: string[] = []
  const latest: string[] = []
  const times = [...new Set(records.map(({ timestamp }) => timestamp))].sort((a, b) => a - b)
  for (let account = 0; account < ACCOUNTS; account++) {
    let balance: number | undefined
    let written: number | undefined
    const goes = (at: number) => latest.push(`${at}: ${account} -1 of ${written}`)
    for (const at of times) {
      const postings = records
        .filter(({ timestamp }) => timestamp === at)
        .flatMap(({ value: { from, to, amount } }) => [
          { account: from, amount: -amount },
          { account: to, amount },
        ])
        .filter((posting) => posting.account === account)
      if (postings.length === 0) continue
      const next: number = postings.reduce((sum, { amount }) => sum + amount, balance ?? 0)
      if (next !== balance) balances.push(`${at}: ${account} has ${next}`)
      balance = next
      if (written !== undefined) goes(Math.min(written + TTL_MS, at))
      latest.push(`${at}: ${account} 1 of ${at}`)
      written = at
    }
    if (written !== undefined) goes(written + TTL_MS)
  }
  return { balances: balances.sort(), latest: latest.sort() }
}

/** Transfers whose numbers come from a seed, without any that is late. */
function transfersOf(seed: number, count: number): SimulatedRecord<Transfer, number>[] {
  let state = seed
  const below = (n: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % n
  }
  return Array.from({ length: count }, (_, n) => ({
    value: { from: below(ACCOUNTS), to: below(ACCOUNTS), amount: 1 + below(9) },
    timestamp: n * 6 + below(JITTER_MS),
  }))
}

const SEEDS = Number(process.env.SEEDS ?? 8)
const FIRST = Number(process.env.FIRST_SEED ?? 1)

describe('tables survive', () => {
  it('workers that fail, and rescales from 1 to 3 to 2: the total of all balances is 0 in every output', { timeout: 300_000 }, async () => {
    let restarts = 0
    let rescaled = 0
    for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
      const partitions = { a: transfersOf(seed, 60), b: transfersOf(seed + 1_000, 40) }
      let sinks: Partial<Record<Kind, { readonly visible: readonly { value: unknown }[] }>> = {}
      try {
        const result = await simulate(
          (world) => {
            const made = { balances: world.sink(), total: world.sink(), latest: world.sink() }
            sinks = made as unknown as typeof sinks
            return accountsJob(world.source(partitions), made as unknown as Readonly<Record<Kind, AnySink>>)
          },
          { seed, workers: 1, rescaleTo: [3, 2] },
        )
        restarts += result.status.restarts
        rescaled += result.rescaled
        const visible = (kind: Kind) => (sinks[kind]?.visible ?? []).map(({ value }) => value as string).sort()
        expect(visible('total')).toEqual(['1 of 0'])
        const { balances, latest } = expectedOf([...partitions.a, ...partitions.b])
        expect(visible('balances')).toEqual(balances)
        expect(visible('latest')).toEqual(latest)
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error })
      }
    }
    expect(restarts).toBeGreaterThan(0)
    expect(rescaled).toBeGreaterThan(0)
  })
})
