import { Readable } from 'node:stream'
import { defineJob, discard, type Flow, fromAsyncIterable } from '@malstrom/operators'
import { singleThread } from '@malstrom/runtime'
import { errorOf, inBothForms } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

const noArrays = { emitAll: () => expect.unreachable(), emitIndexed: () => expect.unreachable() }

async function* numbers(count: number, pause: () => Promise<void> | void = () => {}) {
  for (let n = 0; n < count; n++) {
    await pause()
    yield n
  }
}

describe('fromAsyncIterable', () => {
  inBothForms('reads an async generator; the timestamp is the index', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow.source(
        'n',
        fromAsyncIterable(() => numbers(3)),
      ),
    }))
    expect(out.records).toEqual([
      { key: undefined, value: 0, timestamp: 0 },
      { key: undefined, value: 1, timestamp: 1 },
      { key: undefined, value: 2, timestamp: 2 },
    ])
  })

  inBothForms('reads a Node stream, an empty one too', async (collect) => {
    const { out, none } = await collect((flow) => ({
      out: flow.source('stream', fromAsyncIterable<string>(Readable.from(['a', 'b']))),
      none: flow.source('empty', fromAsyncIterable<string>(Readable.from([]))),
    }))
    expect(out.values).toEqual(['a', 'b'])
    expect(none.events).toEqual(['EInfinity'])
  })

  inBothForms('waits for slow values', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow.source(
        'slow',
        fromAsyncIterable(() => numbers(5, turn)),
      ),
    }))
    expect(out.values).toEqual([0, 1, 2, 3, 4])
  })

  inBothForms('reads more values than it takes ahead', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow.source(
        'many',
        fromAsyncIterable(() => numbers(5_000)),
      ),
    }))
    expect(out.values).toEqual(Array.from({ length: 5_000 }, (_, n) => n))
  })

  inBothForms('reads an iterable once, and says so the second time', async (collect) => {
    const source = fromAsyncIterable(numbers(2))
    const build = (flow: Flow) => ({ out: flow.source('once', source) })
    expect((await collect(build)).out.values).toEqual([0, 1])
    const error = await errorOf(collect(build))
    expect(error).toMatchObject({ code: 'ERR_SOURCE_CONSUMED', context: { operator: 'once' } })
    expect(error.message).toMatch(/read already.*fromAsyncIterable\(\(\) => \.\.\.\)/)
  })

  inBothForms('emits what came before an error, and then fails the job with it', async (collect) => {
    const seen: number[] = []
    const error = await errorOf(
      collect((flow) => ({
        out: flow
          .source(
            'breaks',
            fromAsyncIterable(async function* () {
              yield 1
              yield 2
              throw new Error('connection lost')
            }),
          )
          .inspect('see', (n) => void seen.push(n)),
      })),
    )
    expect(error).toMatchObject({ code: 'ERR_SOURCE_FAILED', context: { operator: 'breaks' } })
    expect(error.message).toMatch(/Source "breaks" .*failed: connection lost/)
    expect(seen).toEqual([1, 2])
  })

  inBothForms('fails the job with an error that comes first, or when it is asked to begin', async (collect) => {
    const atOnce = () =>
      fromAsyncIterable<number>({
        [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('at once')) }),
      })
    expect(await errorOf(collect((flow) => ({ out: flow.source('a', atOnce()) })))).toMatchObject({ code: 'ERR_SOURCE_FAILED' })
    const unopened = fromAsyncIterable<number>(() => {
      throw new Error('not opened')
    })
    const error = await errorOf(collect((flow) => ({ out: flow.source('b', unopened) })))
    expect(error.message).toMatch(/Source "b" .*not opened/)
  })

  inBothForms('ends the iterator when the job fails before its end', async (collect) => {
    let closed = 0
    const endless = async function* () {
      try {
        for (let n = 0; ; n++) yield n
      } finally {
        closed++
      }
    }
    await errorOf(
      collect((flow) => ({
        out: flow.source('endless', fromAsyncIterable(endless)).map('stops', (n) => {
          if (n === 10) throw new Error('enough')
        }),
      })),
    )
    await turn()
    expect(closed).toBe(1)
  })

  it('does not wait for a value that never comes when the job is cancelled', async () => {
    const stuck = () => numbers(1, () => new Promise<void>(() => {}))
    const job = defineJob({
      name: 'stuck',
      module: import.meta.url,
      build: (flow) => flow.source('stuck', fromAsyncIterable(stuck)).sink('end', discard()),
    })
    const execution = await singleThread().start(job)
    await turn()
    expect(execution.status().sources[0]?.state).toBe('idle')
    await execution.cancel()
    await execution.finished
    expect(execution.status().state).toBe('cancelled')
  })

  it('takes at most 1,024 values ahead of the job', async () => {
    let pulled = 0
    const source = fromAsyncIterable(async function* () {
      for (;;) yield pulled++
    })
    const context = { job: 'j', operator: 'o', worker: 0, generation: 1 }
    const partition = await source.openPartition('all', undefined, context)
    const settle = async () => {
      for (let last = -1; last !== pulled; ) {
        last = pulled
        for (let i = 0; i < 20; i++) await turn()
      }
    }
    await settle()
    expect(pulled).toBeGreaterThan(1_000)
    expect(pulled).toBeLessThanOrEqual(1_025)
    const seen: number[] = []
    const output = { emit: (value: number) => void seen.push(value), ...noArrays }
    expect(partition.poll(output, 100)).toBe('more')
    await settle()
    expect(pulled - seen.length).toBeLessThanOrEqual(1_025)
    while (partition.poll(output, 500) === 'more');
    await partition.ready()
    await settle()
    expect(pulled - seen.length).toBeLessThanOrEqual(1_025)
    expect(seen).toEqual(Array.from({ length: seen.length }, (_, n) => n))
    await partition.close()
  })

  it('goes on after a saved position', async () => {
    const context = { job: 'j', operator: 'o', worker: 0, generation: 2 }
    const partition = await fromAsyncIterable(() => numbers(4)).openPartition('all', 2, context)
    const seen: unknown[] = []
    const output = { emit: (...record: unknown[]) => void seen.push(record), ...noArrays }
    while (partition.poll(output, 10) !== 'finished') await partition.ready()
    expect(seen).toEqual([
      [2, 2],
      [3, 3],
    ])
    expect(partition.snapshot()).toBe(4)
  })

  it('refuses what is no async iterable', () => {
    for (const values of [undefined, null, 5, [1, 2]]) {
      expect(() => fromAsyncIterable(values as never)).toThrow(expect.objectContaining({ code: 'ERR_OPERATOR_ARGUMENT' }))
    }
  })
})
