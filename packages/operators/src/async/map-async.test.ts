import { type AsyncCall, type AsyncOptions, defineJob, discard, fromIterable } from '@malstrom/operators'
import { errorOf, inBothForms, type TaskForm, taskForms, testJob, testSink, testSource } from '@malstrom/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

/** A call that a test answers. */
interface OpenCall extends AsyncCall {
  readonly value: number
  readonly atMs: number
  resolve(result: unknown): void
  reject(error: unknown): void
}

/** A job with one `mapAsync`, whose calls wait for the test. An epoch follows each record of a multiple of 10. */
async function start(options: AsyncOptions, tasks: TaskForm = 'compiled') {
  const calls: OpenCall[] = []
  const events: unknown[] = []
  let nowMs = () => 0
  const source = testSource<number>()
  const sink = testSink<string>()
  const job = defineJob({
    name: 'look-ups',
    module: import.meta.url,
    build: (flow) =>
      flow
        .source('numbers', source)
        .generateEpochs('epochs', (n, timestamp) => (n % 10 === 0 ? timestamp : undefined))
        .onTime.mapAsync(
          'look-up',
          (value, _timestamp, call) =>
            new Promise<string>((resolve, reject) => {
              calls.push({ ...call, value, atMs: nowMs(), resolve: resolve as () => void, reject })
            }),
          options,
        )
        .inspect('values', (value) => void events.push(value))
        .inspectFrontier('frontier', (epoch) => void events.push(`E${epoch}`))
        .sink('out', discard()),
  })
  const test = await testJob(job, {
    sources: { numbers: source },
    sinks: { out: sink },
    tasks,
    snapshotIntervalMs: Number.POSITIVE_INFINITY,
  })
  nowMs = () => test.nowMs
  let pushed = 0
  const push = async (...values: number[]) => {
    for (const value of values) source.push(value, ++pushed)
    await test.settle()
  }
  const answer = async (...values: number[]) => {
    for (const value of values) calls.findLast((call) => call.value === value)?.resolve(`r${value}`)
    await test.settle()
  }
  return { calls, events, test, push, answer, sink, source }
}

describe.each(taskForms)('mapAsync (%s)', (form) => {
  it('lets results leave in the order of the records, and epochs behind the records in front of them', async () => {
    const { events, push, answer, test } = await start({}, form)
    await push(1, 2, 10, 3)
    await answer(2, 3)
    expect(events).toEqual([])
    await answer(1)
    expect(events).toEqual(['r1', 'r2'])
    await answer(10)
    expect(events).toEqual(['r1', 'r2', 'r10', 'E3', 'r3'])
    await test.finish()
    expect(events.at(-1)).toBe('EInfinity')
  })

  it('lets results leave as they come if they need no order; epochs still wait', async () => {
    const { events, push, answer, test } = await start({ ordered: false }, form)
    await push(1, 2, 10, 3, 20, 4)
    await answer(3, 20, 2)
    expect(events).toEqual(['r3', 'r20', 'r2'])
    await answer(1)
    expect(events).toEqual(['r3', 'r20', 'r2', 'r1'])
    // The second epoch has waited for the record behind which the first one waited.
    await answer(10)
    expect(events.slice(4)).toEqual(['r10', 'E5'])
    await answer(4)
    await test.finish()
    expect(events.slice(6)).toEqual(['r4', 'EInfinity'])
  })

  it('takes no more than its capacity, and goes on when there is room', async () => {
    const { calls, push, answer, test } = await start({ capacity: 2 }, form)
    await push(1, 2, 3)
    await push(4, 5, 6)
    expect(calls.map(({ value }) => value)).toEqual([1, 2])
    // The frame of the first push came whole; nothing more was read.
    expect(test.status().recordsIn).toBe(3)
    expect(test.status().sources[0]?.state).toBe('back-pressured')
    await answer(2)
    expect(calls).toHaveLength(2)
    await answer(1)
    expect(calls.map(({ value }) => value)).toEqual([1, 2, 3, 4, 5, 6].slice(0, calls.length))
    expect(calls.length).toBe(4)
    await answer(3, 4)
    await answer(5, 6)
    await test.finish()
    expect(test.status().recordsOut).toBe(6)
  })

  it('gives up a call that takes too long, aborts it and calls again, with longer pauses', async () => {
    const { calls, events, push, answer, test } = await start({ timeoutMs: 100, retries: { attempts: 3, backOffMs: 10, factor: 3 } }, form)
    await push(1)
    await test.advanceBy(99)
    expect(calls[0]?.signal.aborted).toBe(false)
    await test.advanceBy(1)
    expect(calls[0]?.signal.aborted).toBe(true)
    await test.advanceBy(10)
    expect(calls[1]).toMatchObject({ attempt: 2, atMs: 110 })
    calls[1]?.reject(new Error('busy'))
    await test.settle()
    await test.advanceBy(30)
    expect(calls[2]).toMatchObject({ attempt: 3, atMs: 140 })
    // The first answers after all: too late.
    calls[0]?.resolve('late')
    await test.settle()
    expect(events).toEqual([])
    await answer(1)
    expect(events).toEqual(['r1'])
    await test.cancel()
  })

  it('fails with operator, key and timestamp of the record when retries do not help', async () => {
    const { calls, push, test } = await start({ timeoutMs: 50, retries: { attempts: 2, backOffMs: 5 } }, form)
    await push(7)
    await test.advanceBy(50)
    await test.advanceBy(5)
    expect(calls).toHaveLength(2)
    const error = await errorOf(test.advanceBy(50))
    expect(error).toMatchObject({ code: 'ERR_OPERATOR_FAILED', context: { operator: 'look-up', timestamp: 1 } })
    expect(error.message).toContain('failed at timestamp 1: the call has not returned within 50 ms. It was called 2 times.')
    await test.cancel()
  })

  it('asks retryIf whether another call may help', async () => {
    const asked: unknown[] = []
    const retryIf = (error: unknown, attempt: number) => {
      asked.push([(error as Error).message, attempt])
      return attempt < 2
    }
    const { calls, push, test } = await start({ retries: { attempts: 9, backOffMs: 0, retryIf } }, form)
    await push(1)
    calls[0]?.reject(new Error('first'))
    await test.settle()
    calls[1]?.reject(new Error('second'))
    const error = await errorOf(test.settle())
    expect(error.message).toContain('second It was called 2 times.')
    expect(asked).toEqual([
      ['first', 1],
      ['second', 2],
    ])
    await test.cancel()
  })

  it('calls again after a crash what no snapshot has seen leave; results are committed once', async () => {
    const { calls, push, answer, sink, test } = await start({}, form)
    await push(1, 2, 10, 3)
    await answer(1, 3)
    await test.snapshot()
    await push(4)
    test.crash()
    calls.length = 0
    await test.start()
    await test.settle()
    expect(calls.map(({ value, attempt }) => [value, attempt])).toEqual([
      [2, 1],
      [10, 1],
      [3, 1],
      [4, 1],
    ])
    await answer(4, 3, 10, 2)
    await test.finish()
    expect(sink.committed.map(({ value, timestamp }) => [value, timestamp])).toEqual([
      ['r1', 1],
      ['r2', 2],
      ['r10', 3],
      ['r3', 4],
      ['r4', 5],
    ])
  })

  it('passes a snapshot while it holds back, and keeps what is queued in it', async () => {
    const { calls, push, answer, sink, test } = await start({ capacity: 1, ordered: false }, form)
    await push(1, 2, 3)
    expect(await test.snapshot()).toBeGreaterThan(0)
    test.crash()
    calls.length = 0
    await test.start()
    await test.settle()
    expect(calls.map(({ value }) => value)).toEqual([1])
    await answer(1)
    await answer(2)
    await answer(3)
    await test.finish()
    expect(sink.committed.map(({ value }) => value)).toEqual(['r1', 'r2', 'r3'])
  })

  it('aborts what is under way when the job is cancelled', async () => {
    const { calls, push, test } = await start({}, form)
    await push(1, 2)
    await test.cancel()
    expect(calls.map(({ signal }) => signal.aborted)).toEqual([true, true])
  })
})

describe('mapAsync', () => {
  inBothForms('keeps keys, and calls with (value, key, timestamp, call)', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable([5, 6]))
        .keyDistribute('parity', (n) => n % 2 === 1)
        .mapAsync('args', async (n, key, timestamp, { attempt }) => [n, key, timestamp, attempt]),
    }))
    expect(out.records).toEqual([
      { value: [5, true, 0, 1], key: true, timestamp: 0 },
      { value: [6, false, 1, 1], key: false, timestamp: 1 },
    ])
  })

  inBothForms('fails with the key where the function throws or returns no promise', async (collect) => {
    const failing = (f: (n: number) => PromiseLike<number>) =>
      errorOf(
        collect((flow) =>
          flow
            .source('n', fromIterable([5]))
            .keyLocal('key', () => 'k')
            .mapAsync('call', f)
            .discard('end'),
        ),
      )
    const thrown = await failing(() => {
      throw new Error('torn')
    })
    expect(thrown).toMatchObject({ code: 'ERR_OPERATOR_FAILED', context: { operator: 'call', key: 'k', timestamp: 0 } })
    expect(thrown.message).toContain('failed at key "k", timestamp 0: torn')
    const value = await failing((n) => n as never)
    expect(value.message).toContain('the function returned number and no promise. Make it async, or use map.')
    expect(value.context).toMatchObject({ operator: 'call', key: 'k', timestamp: 0 })
  })

  it.each([
    [{ capacity: 0 }, 'capacity is a whole number above 0, not 0.'],
    [{ capacity: 1.5 }, 'capacity is a whole number above 0, not 1.5.'],
    [{ timeoutMs: 0 }, 'timeoutMs is above 0 and below 2^31, not 0.'],
    [{ timeoutMs: Number.NaN }, 'timeoutMs is above 0'],
    [{ ordered: 1 }, 'ordered is true or false, not 1.'],
    [{ timeout: 5 }, 'mapAsync has no option "timeout". Its options are'],
    [{ retries: { attempts: 0, backOffMs: 1 } }, 'retries.attempts is a whole number above 0, not 0. It counts the first call too.'],
    [{ retries: { attempts: 1, backOffMs: -1 } }, 'retries.backOffMs is from 0'],
    [{ retries: { attempts: 1, backOffMs: 1, factor: 0.5 } }, 'retries.factor is a number from 1, not 0.5.'],
    [{ retries: { attempts: 1, backOffMs: 1, retryIf: true } }, 'retries.retryIf is a function.'],
  ])('refuses %o when the graph is built', (options, message) => {
    const job = defineJob({
      name: 'job',
      module: import.meta.url,
      build: (flow) =>
        void flow
          .source('n', fromIterable([1]))
          .mapAsync('call', async (n) => n, options as AsyncOptions)
          .discard('end'),
    })
    expect(() => job.graph()).toThrow(expect.objectContaining({ code: 'ERR_OPERATOR_ARGUMENT', message: expect.stringContaining(message) }))
  })
})

describe('mapAsync with calls that take random times', () => {
  /** Answers calls in the order of their times, until the job has ended. */
  async function play(values: readonly number[], latencies: readonly number[], options: AsyncOptions, form: TaskForm) {
    const { calls, events, push, test, source } = await start(options, form)
    let answered = 0
    let most = 0
    await push(...values)
    source.finish()
    await test.settle()
    for (let made = 0; events.at(-1) !== 'EInfinity'; made++) {
      expect(made).toBeLessThan(10 * values.length + 10)
      const open = calls.slice().filter((call) => !(call as { answered?: true }).answered)
      most = Math.max(most, open.length)
      const dueOf = (call: OpenCall) => call.atMs + (latencies[calls.indexOf(call) % latencies.length] ?? 0)
      const next = open.sort((a, b) => dueOf(a) - dueOf(b))[0]
      if (next === undefined) break
      Object.assign(next, { answered: true })
      await test.advanceTo(Math.max(test.nowMs, dueOf(next)))
      next.resolve(`r${next.value}`)
      answered++
      await test.settle()
    }
    await test.cancel()
    return { events, answered, most }
  }

  it('equals map where the order is kept, loses and doubles nothing where it is not, and breaks no epoch (property)', async () => {
    const input = fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 25 })
    const latencies = fc.array(fc.nat(100), { minLength: 1, maxLength: 25 })
    await fc.assert(
      fc.asyncProperty(input, latencies, fc.integer({ min: 1, max: 6 }), fc.boolean(), async (values, times, capacity, ordered) => {
        const compiled = await play(values, times, { capacity, ordered }, 'compiled')
        const interpreted = await play(values, times, { capacity, ordered }, 'interpreted')
        expect(interpreted).toEqual(compiled)
        const { events, answered, most } = compiled
        expect(answered).toBe(values.length)
        expect(most).toBeLessThanOrEqual(capacity)
        const results = events.filter((event) => (event as string).startsWith('r'))
        const expected = values.map((value) => `r${value}`)
        expect(ordered ? results : results.toSorted()).toEqual(ordered ? expected : expected.toSorted())
        // When an epoch leaves, every record in front of it has left: epoch t follows the first t records.
        let left = [...expected]
        const gone: string[] = []
        for (const event of events as string[]) {
          if (event.startsWith('r')) gone.push(event)
          else if (event !== 'EInfinity') {
            left = [...gone]
            for (const one of expected.slice(0, Number(event.slice(1)))) {
              expect(left).toContain(one)
              left.splice(left.indexOf(one), 1)
            }
          }
        }
        expect(events.at(-1)).toBe('EInfinity')
      }),
      { numRuns: 60 },
    )
  }, 60_000)
})
