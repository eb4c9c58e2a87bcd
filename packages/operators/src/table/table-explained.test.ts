import { defineJob, discard, type Flow, limitOutOfOrderness } from '@malstrom/operators'
import { testJob, testSource } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'

async function start(build: (flow: Flow, source: ReturnType<typeof testSource<number>>) => void) {
  const source = testSource<number>({ partitions: ['fast', 'slow'] })
  const job = defineJob({ name: 'stuck', module: import.meta.url, build: (flow) => build(flow, source) })
  const test = await testJob(job, { sources: { numbers: source } })
  const waits = async () => (await test.explain()).findings.filter(({ kind }) => kind === 'waiting')
  return { source, test, waits }
}

const keyed = (flow: Flow, source: ReturnType<typeof testSource<number>>) =>
  flow.source('numbers', source, { epochs: limitOutOfOrderness(0) }).onTime.keyLocal('key', (n) => n % 3)

describe('the explanation of tables', () => {
  it('counts the changes whose answers wait for the frontier', async () => {
    const { source, test, waits } = await start((flow, numbers) =>
      keyed(flow, numbers)
        .rows('rows')
        .sum('sum', (n) => n)
        .changes()
        .sink('out', discard()),
    )
    await using _ = test
    source.partition('slow').push(1, 5)
    source.partition('fast').push(1, 10).push(2, 20).push(4, 30)
    const sum = (await waits()).filter(({ operator }) => operator === 'sum')
    expect(sum).toMatchObject([
      {
        count: 3,
        frontier: 10,
        message: '"sum" on worker 0 keeps 3 changes of 2 keys; the first of them waits for the frontier to reach 10.',
      },
    ])
    source.partition('slow').push(1, 50)
    // The frontier is at 30 now.
    expect((await waits()).filter(({ operator }) => operator === 'sum')).toMatchObject([{ count: 1, frontier: 50 }])
  })

  it('tells of rows that an epoch takes away apart from changes that wait', async () => {
    const { source, test, waits } = await start((flow, numbers) =>
      keyed(flow, numbers).table('latest', { ttl: 100 }).changes().sink('out', discard()),
    )
    await using _ = test
    source.partition('slow').push(1, 5)
    source.partition('fast').push(1, 10)
    source.partition('slow').push(1, 7)
    expect(await waits()).toMatchObject([
      { operator: 'latest', count: 1, frontier: 10 },
      { operator: 'latest', count: 1, frontier: 107, message: expect.stringContaining('keeps 1 rows with a ttl;') },
    ])
  })
})
