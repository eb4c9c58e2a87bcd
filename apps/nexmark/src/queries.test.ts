import { singleThread } from 'malstrom'
import { describe, expect, it } from 'vitest'
import { answerMemory, readAnswer } from './answer-sink.ts'
import { naiveAnswer } from './fixture/naive-answers.ts'
import { GOLDEN_EVENTS, goldens } from './goldens.ts'
import { handLoops } from './hand/hand-loops.ts'
import { nexmark } from './job.ts'
import { type QueryName, queries, queryNames } from './queries/index.ts'
import type { Answer } from './query.ts'
import { runNexmark } from './run-nexmark.ts'

async function answerOf(
  query: QueryName,
  options: { events: number; outOfOrder: number; partitions: number },
  seed: 'java' | 'splitmix',
): Promise<Answer> {
  const answer = answerMemory(1)
  await singleThread().run(nexmark, { query, seed, ...options, answer, begun: new SharedArrayBuffer(8) })
  const { summary } = queries[query]
  return summary.answer(readAnswer(answer, summary))
}

describe.each(queryNames)('%s', (query) => {
  it('has the golden answer, by hand too', () => {
    expect(handLoops[query](GOLDEN_EVENTS, 'java')).toEqual(goldens[query])
  })

  it.each([
    [1, 1],
    [1, 3],
    [1_000, 1],
    [1_000, 2],
  ])('has it with events out of order by groups of %i, from %i generators', async (outOfOrder, partitions) => {
    expect(await answerOf(query, { events: GOLDEN_EVENTS, outOfOrder, partitions }, 'java')).toEqual(goldens[query])
  })

  it('answers other events as its definition does', async () => {
    for (const [events, outOfOrder, partitions, seed] of [
      [1, 1, 1, 'java'],
      [3_001, 77, 2, 'splitmix'],
      [6_000, 2_500, 1, 'java'],
    ] as const) {
      const naive = naiveAnswer(query, events, seed)
      expect(handLoops[query](events, seed)).toEqual(naive)
      expect(await answerOf(query, { events, outOfOrder, partitions }, seed)).toEqual(naive)
    }
  })

  it('answers several windows as the loop by hand does', async () => {
    const byHand = handLoops[query](350_000, 'splitmix')
    expect(await answerOf(query, { events: 350_000, outOfOrder: 300, partitions: 3 }, 'splitmix')).toEqual(byHand)
  })
})

/** Threads take seconds to start: EVERY_QUERY=1 npx vitest run apps/nexmark/src/queries */
const onThreads: readonly QueryName[] = process.env.EVERY_QUERY === undefined ? ['q3', 'q4', 'q8'] : queryNames

describe('on threads', { timeout: 60_000 }, () => {
  it.each([...onThreads.map((query) => [query, 2, 1_000] as const), ['q5', 3, 1] as const])(
    '%s has the golden answer on %i, by groups of %i',
    async (query, workers, outOfOrder) => {
      const { answer, seconds } = await runNexmark({ query, events: GOLDEN_EVENTS, workers, outOfOrder })
      expect(answer).toEqual(goldens[query])
      expect(seconds).toBeGreaterThan(0)
    },
  )
})
