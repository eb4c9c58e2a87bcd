import { type AsyncCall, type AsyncOptions, type DeadLetter, defineJob, discard, fromIterable, type OnError } from '@malstrom/operators'
import { errorOf, type TaskForm, taskForms, testJob, testSink, testSource } from '@malstrom/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

type Outcome = 'answers' | 'rejects' | 'throws' | 'hangs' | 'no promise'
type Letter = DeadLetter<number, unknown, number>
type Options = AsyncOptions<OnError>

/** A call with this outcome; one that hangs is aborted by its time-out. */
function callOf(outcome: Outcome, value: number, afterMs: number, { attempt }: AsyncCall, wait: (ms: number) => Promise<void>) {
  if (outcome === 'throws') throw Object.assign(new TypeError(`torn ${value}`), { code: 'E_TORN' })
  if (outcome === 'no promise') return value as never
  if (outcome === 'hangs') return new Promise<string>(() => {})
  return wait(afterMs).then(() => {
    if (outcome === 'rejects') throw new Error(`refused ${value} (attempt ${attempt})`)
    return `r${value}`
  })
}

interface Plan {
  /** What becomes of the call for a record. */
  readonly outcomeOf: (value: number, attempt: number) => Outcome
  readonly latencyOf?: (value: number) => number
  readonly keyed?: boolean
}

/** A job with one `mapAsync`, and an epoch after each record; what comes out at the end of it, in order. */
async function start(plan: Plan, options: Options, tasks: TaskForm = 'compiled') {
  const events: string[] = []
  const letters: Letter[] = []
  let afterMs: (ms: number) => Promise<void> = async () => {}
  const source = testSource<number>()
  const [sink, dead] = [testSink<string>(), testSink<Letter>()]
  const job = defineJob({
    name: 'calls',
    module: import.meta.url,
    build(flow) {
      const { onTime } = flow.source('numbers', source).generateEpochs('epochs', (_n, timestamp) => timestamp)
      // biome-ignore lint/suspicious/noExplicitAny: with keys or without, with dead letters or without
      const input: any = plan.keyed === true ? onTime.keyLocal('key', (n) => `k${n}`) : onTime
      const call = (value: number, ...rest: unknown[]) => {
        const about = rest.at(-1) as AsyncCall
        return callOf(plan.outcomeOf(value, about.attempt), value, plan.latencyOf?.(value) ?? 0, about, afterMs)
      }
      const out = input.mapAsync('call', call, options)
      const see = (what: (value: unknown) => string, name: string) => (stream: typeof out) =>
        stream
          .inspect(`see ${name}`, (value: unknown) => void events.push(what(value)))
          .inspectFrontier(`frontier of ${name}`, (epoch: number) => void events.push(`${name} E${epoch}`))
      see(String, 'results')(out.results ?? out).sink('out', discard())
      if (out.deadLetters === undefined) return
      see(
        (letter) => `dead ${(letter as Letter).value}`,
        'dead',
      )(out.deadLetters)
        .inspect('letters', (letter: Letter) => void letters.push(letter))
        .sink('dead', discard())
    },
  })
  const sinks = options.onError === 'deadLetter' ? { out: sink, dead } : { out: sink }
  const test = await testJob(job, { sources: { numbers: source }, sinks, tasks, snapshotIntervalMs: Number.POSITIVE_INFINITY })
  let waiting: { readonly atMs: number; readonly go: () => void }[] = []
  afterMs = (ms) => (ms === 0 ? Promise.resolve() : new Promise((go) => void waiting.push({ atMs: test.nowMs + ms, go })))
  /** Lets virtual time pass by `ms`; calls answer in the first step of 10 ms in which they are due. */
  const pass = async (ms: number) => {
    for (const endMs = test.nowMs + ms; ; ) {
      await test.settle()
      for (const { go } of waiting.filter(({ atMs }) => atMs <= test.nowMs)) go()
      waiting = waiting.filter(({ atMs }) => atMs > test.nowMs)
      await test.settle()
      if (test.nowMs >= endMs) return
      await test.advanceBy(10)
    }
  }
  return { events, letters, source, sink, dead, test, pass }
}

const recordsOnly = (events: readonly string[]) => events.filter((event) => !event.includes(' E'))

describe.each(taskForms)('mapAsync whose calls fail for good (%s)', (form) => {
  const outcomes: Readonly<Record<number, Outcome>> = { 2: 'rejects', 3: 'throws', 4: 'hangs', 5: 'no promise' }
  const outcomeOf = (value: number) => outcomes[value] ?? 'answers'
  const retries = { attempts: 2, backOffMs: 10 }

  it('drops and counts their records with skip; the others and the epochs pass in order', async () => {
    const { events, source, test, pass } = await start({ outcomeOf }, { onError: 'skip', timeoutMs: 50, retries }, form)
    await using _ = test
    for (let n = 1; n <= 6; n++) source.push(n, n)
    await pass(200)
    expect(events).toEqual(['r1', ...[1, 2, 3, 4, 5].map((t) => `results E${t}`), 'r6', 'results E6'])
    expect(test.status()).toMatchObject({
      state: 'running',
      skipped: 4,
      operators: expect.arrayContaining([expect.objectContaining({ operator: 'call', skipped: 4 })]),
    })
    expect((await test.explain()).findings).toContainEqual(expect.objectContaining({ kind: 'skipped', operator: 'call', count: 4 }))
  })

  it('makes dead letters of them in the place of their results, with the last reason, key and timestamp', async () => {
    const plan = { outcomeOf, keyed: true }
    const { events, letters, source, test, pass } = await start(plan, { onError: 'deadLetter', timeoutMs: 50, retries }, form)
    await using _ = test
    for (let n = 1; n <= 6; n++) source.push(n, n)
    await pass(200)
    expect(recordsOnly(events)).toEqual(['r1', 'dead 2', 'dead 3', 'dead 4', 'dead 5', 'r6'])
    // Epochs leave on both outputs, behind the records in front of them.
    for (const name of ['results', 'dead']) {
      expect(events.filter((event) => event.startsWith(`${name} E`))).toEqual([1, 2, 3, 4, 5, 6].map((t) => `${name} E${t}`))
    }
    expect(events.indexOf('dead 3')).toBeLessThan(events.indexOf('dead E3'))
    expect(events.indexOf('dead 3')).toBeGreaterThan(events.indexOf('dead E2'))
    expect(letters).toMatchObject([
      { value: 2, key: 'k2', timestamp: 2, operator: 'call', cause: { name: 'Error', message: 'refused 2 (attempt 2)' } },
      { value: 3, key: 'k3', timestamp: 3, cause: { name: 'TypeError', message: 'torn 3', code: 'E_TORN' } },
      { value: 4, key: 'k4', timestamp: 4, cause: { name: 'TimeoutError', message: 'the call has not returned within 50 ms.' } },
      { value: 5, cause: { message: 'the function returned number and no promise. Make it async, or use map.' } },
    ])
    expect(test.status().skipped).toBe(0)
  })

  it('makes a result of a call that only fails at first', async () => {
    const plan: Plan = { outcomeOf: (_value, attempt) => (attempt < 2 ? 'rejects' : 'answers') }
    const { events, source, test, pass } = await start(plan, { onError: 'deadLetter', retries }, form)
    await using _ = test
    source.push(1, 1)
    await pass(100)
    expect(recordsOnly(events)).toEqual(['r1'])
  })

  it('commits dead letters once, also when calls are made again after a crash', async () => {
    const plan: Plan = { outcomeOf, latencyOf: () => 20 }
    const { source, sink, dead, test, pass } = await start(plan, { onError: 'deadLetter', timeoutMs: 50 }, form)
    await using _ = test
    source.push(1, 1).push(2, 2).push(6, 3)
    await test.snapshot()
    await pass(30)
    expect(dead.records).toHaveLength(1)
    test.crash()
    await test.start()
    await pass(100)
    await test.finish()
    expect(sink.committed.map(({ value }) => value)).toEqual(['r1', 'r6'])
    expect(dead.committed.map(({ value, timestamp }) => [value.value, timestamp])).toEqual([[2, 2]])
  })

  it('does not take errors behind it for those of a call', async () => {
    const source = testSource<number>()
    const job = defineJob({
      name: 'behind',
      module: import.meta.url,
      build: (flow) =>
        void flow
          .source('numbers', source)
          .mapAsync('call', async (n) => n, { onError: 'skip' })
          .map('behind', () => {
            throw new Error('behind')
          })
          .discard('end'),
    })
    await using test = await testJob(job, { sources: { numbers: source }, tasks: form })
    source.push(1, 1)
    expect(await errorOf(test.settle())).toMatchObject({ code: 'ERR_OPERATOR_FAILED', context: { operator: 'behind' } })
    expect(test.status().skipped).toBe(0)
  })
})

describe('mapAsync with an error policy', () => {
  it('refuses a policy that there is not', () => {
    const build = (options: object) =>
      defineJob({
        name: 'job',
        module: import.meta.url,
        build: (flow) =>
          void flow
            .source('n', fromIterable([1]))
            .mapAsync('call', async (n) => n, options)
            .discard('end'),
      })
    expect(() => build({ onError: 'drop' }).graph()).toThrow(/onError is one of fail, skip, deadLetter, not "?drop/)
    expect(() => build({ onEror: 'skip' }).graph()).toThrow(/mapAsync has no option "onEror"/)
  })

  it('loses no record whatever becomes of the calls, keeps order, and breaks no epoch (property)', async () => {
    const outcome = fc.constantFrom<Outcome>('answers', 'rejects', 'throws', 'hangs', 'no promise')
    const calls = fc.array(fc.record({ outcome, first: outcome, latency: fc.nat(80) }), { maxLength: 12 })
    const policies = fc.constantFrom<OnError>('skip', 'deadLetter')
    const property = fc.asyncProperty(
      calls,
      policies,
      fc.boolean(),
      fc.integer({ min: 1, max: 4 }),
      async (plans, onError, ordered, capacity) => {
        const plan: Plan = {
          outcomeOf: (value, attempt) => (attempt === 1 ? plans[value]?.first : plans[value]?.outcome) ?? 'answers',
          latencyOf: (value) => plans[value]?.latency ?? 0,
        }
        const options: Options = { onError, ordered, capacity, timeoutMs: 100, retries: { attempts: 2, backOffMs: 5 } }
        // A call that returns no promise is not made again.
        const fails = ({ first, outcome: second }: (typeof plans)[number]) =>
          first === 'no promise' || (first !== 'answers' && second !== 'answers')
        const expected = plans.flatMap((each, n) => (!fails(each) ? [`r${n}`] : onError === 'skip' ? [] : [`dead ${n}`]))
        const seen: string[][] = []
        for (const form of taskForms) {
          const { events, source, test, pass } = await start(plan, options, form)
          await using _ = test
          plans.forEach((_plan, n) => void source.push(n, n))
          await pass(20_000)
          expect(test.status().skipped).toBe(onError === 'skip' ? plans.filter(fails).length : 0)
          const records = recordsOnly(events)
          expect(ordered ? records : records.toSorted()).toEqual(ordered ? expected : expected.toSorted())
          // When an epoch leaves on an output, every record in front of it has left on that output.
          events.forEach((event, index) => {
            const [name, epoch] = event.split(' E') as [string, string | undefined]
            if (epoch === undefined) return
            const isOf = (record: string) => record.startsWith('dead') === (name === 'dead')
            const due = expected.filter((record) => isOf(record) && Number(record.replace(/\D/g, '')) <= Number(epoch))
            expect(events.slice(0, index)).toEqual(expect.arrayContaining(due))
          })
          // The last epoch has left as well, with the last record in front of it.
          const last = events.findLast((event) => event.startsWith('results E'))
          expect(last).toBe(plans.length === 0 ? undefined : `results E${plans.length - 1}`)
          seen.push(events)
        }
        expect(seen[1]).toEqual(seen[0])
      },
    )
    await fc.assert(property, { numRuns: 50 })
  }, 60_000)
})

describe('the explanation of mapAsync', () => {
  it('counts calls, what waits for them and behind them, and names the oldest', async () => {
    const outcomes: Readonly<Record<number, Outcome>> = { 1: 'hangs', 3: 'rejects' }
    const plan: Plan = { outcomeOf: (value) => outcomes[value] ?? 'answers' }
    const options = { capacity: 4, timeoutMs: 60_000, retries: { attempts: 5, backOffMs: 8_000 } }
    const { source, test } = await start(plan, options)
    await using _ = test
    for (let n = 1; n <= 6; n++) source.push(n, 10 * n)
    await test.advanceBy(4_000)
    const { findings } = await test.explain()
    expect(findings.filter(({ kind }) => kind === 'waiting')).toMatchObject([
      {
        operator: 'call',
        count: 1,
        message:
          '"call" on worker 0 keeps 1 calls under way, the oldest at timestamp 10, for 4000 ms, attempt 1; the first of them waits for an answer.',
      },
      { count: 1, message: expect.stringMatching(/keeps 1 records whose calls have failed and are made again; .* the time 8000\./) },
      { count: 2, message: expect.stringContaining('keeps 2 results behind those that are not there yet') },
      { count: 2, message: expect.stringContaining('keeps 2 records for which there is no room among the calls under way') },
    ])
  })
})
