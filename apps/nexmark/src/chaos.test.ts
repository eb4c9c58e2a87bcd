import { expect, it } from 'vitest'
import { GOLDEN_EVENTS, goldens } from './goldens.ts'
import { type QueryName, queryNames } from './queries/index.ts'
import { runNexmark } from './run-nexmark.ts'

/** How many seeds for each query: CHAOS_SEEDS=20 npx vitest run apps/nexmark/src/chaos */
const SEEDS = Number(process.env.CHAOS_SEEDS ?? 1)

const chosen: readonly QueryName[] = SEEDS === 1 ? ['q5'] : queryNames
const runs = chosen.flatMap((query) => Array.from({ length: SEEDS }, (_, seed): [QueryName, number] => [query, seed]))

it.each(runs)(
  '%s has the golden answer though five workers end and their number changes twice (seed %i)',
  { timeout: 120_000 },
  async (query, chaos) => {
    const { answer } = await runNexmark({ query, events: GOLDEN_EVENTS, workers: 2, outOfOrder: 1_000, chaos })
    expect(answer).toEqual(goldens[query])
  },
)
