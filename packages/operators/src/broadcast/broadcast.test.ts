import { type BroadcastLogic, defineJob, fromIterable } from '@malstrom/operators'
import { errorOf, inBothForms, taskForms, testJob, testSink, testSource } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'

interface Rule {
  readonly name: string
  readonly least: number
}

/** The names of the rules that a number meets; nothing if it meets none. */
const rules: BroadcastLogic<Map<string, number>, Rule, number, string, number> = {
  init: () => new Map(),
  onControl: (known, { name, least }) => known.set(name, least),
  onData(known, n) {
    const met = [...known].filter(([, least]) => n >= least).map(([name]) => name)
    return met.length === 0 ? undefined : `${n}: ${met.join(' ')}`
  },
}

describe.each(taskForms)('broadcast (%s)', (form) => {
  async function start() {
    const [numbers, control, out] = [testSource<number>(), testSource<Rule>(), testSink<string>()]
    const job = defineJob({
      name: 'rules',
      module: import.meta.url,
      build: (flow) => {
        const ruleStream = flow.source('rules', control)
        flow.source('numbers', numbers).broadcast('apply', ruleStream, rules).sink('out', testDouble)
      },
    })
    const test = await testJob(job, {
      sources: { numbers, rules: control },
      sinks: { out },
      tasks: form,
      snapshotIntervalMs: Number.POSITIVE_INFINITY,
    })
    return { numbers, control, out, test }
  }

  it('treats records by what the control stream has told so far', async () => {
    const { numbers, control, out, test } = await start()
    numbers.push(5, 1)
    await test.settle()
    control.push({ name: 'few', least: 2 }, 1)
    await test.settle()
    numbers.push(5, 2).push(1, 3)
    await test.settle()
    control.push({ name: 'many', least: 4 }, 2)
    await test.settle()
    numbers.push(5, 4).push(3, 5)
    await test.finish()
    expect(out.committed.map(({ value, timestamp }) => [value, timestamp])).toEqual([
      ['5: few', 2],
      ['5: few many', 4],
      ['3: few', 5],
    ])
  })

  it('knows after a restart what the snapshot knew, and not what came after it', async () => {
    const { numbers, control, out, test } = await start()
    control.push({ name: 'few', least: 2 }, 1)
    await test.settle()
    await test.snapshot()
    // The state is changed in place; the snapshot must not be.
    control.push({ name: 'many', least: 4 }, 2)
    await test.settle()
    numbers.push(9, 1)
    await test.settle()
    test.crash()
    await test.start()
    await test.settle()
    await test.finish()
    expect(out.committed).toHaveLength(1)
    expect(['9: few', '9: few many']).toContain(out.committed[0]?.value)
    expect(out.records.length).toBe(2)
  })

  it('is held back by both streams, and not by one that is idle', async () => {
    const [numbers, control] = [testSource<number>(), testSource<Rule>()]
    const epochs: number[] = []
    const job = defineJob({
      name: 'frontiers',
      module: import.meta.url,
      build: (flow) => {
        const told = flow.source('rules', control, { epochs: (_rule, timestamp) => timestamp }).onTime
        flow
          .source('numbers', numbers, { epochs: (_n, timestamp) => timestamp })
          .onTime.broadcast('apply', told, rules)
          .inspectFrontier('frontier', (epoch) => void epochs.push(epoch))
          .discard('out')
      },
    })
    await using test = await testJob(job, { sources: { numbers, rules: control }, tasks: form })
    control.push({ name: 'few', least: 2 }, 7)
    await test.settle()
    numbers.push(1, 5)
    await test.settle()
    expect(epochs.at(-1)).toBe(5)
    await test.finish()
    expect(epochs.at(-1)).toBe(Number.POSITIVE_INFINITY)
  })
})

// Never opened: the tests put a double in its place.
const testDouble = { openPartition: () => Promise.reject(new Error('not replaced')) }

describe('broadcast', () => {
  inBothForms('keeps keys, and calls onData with (state, value, key, timestamp)', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable([5, 6]))
        .keyDistribute('parity', (n) => n % 2)
        .broadcast('apply', flow.source('none', fromIterable<string>([])), {
          init: () => ['known'],
          onControl: (known, word) => [...known, word],
          onData: (...args) => args,
        }),
    }))
    expect(out.records).toEqual([
      { value: [['known'], 5, 1, 0], key: 1, timestamp: 0 },
      { value: [['known'], 6, 0, 1], key: 0, timestamp: 1 },
    ])
  })

  inBothForms('fails where the state is forgotten', async (collect) => {
    const failing = (logic: object) =>
      errorOf(
        collect((flow) =>
          flow
            .source('n', fromIterable([5]))
            .broadcast('apply', flow.source('rules', fromIterable(['a'])), {
              init: () => 0,
              onControl: () => 1,
              onData: (_state: number, n: number) => n,
              ...logic,
            })
            .discard('end'),
        ),
      )
    const control = await failing({ onControl: () => undefined })
    expect(control).toMatchObject({ code: 'ERR_OPERATOR_FAILED', context: { operator: 'apply', timestamp: 0 } })
    expect(control.message).toContain('onControl returned undefined. It returns the state, also where it has changed it in place.')
  })

  it('fails a snapshot of a state that cannot be saved', async () => {
    const control = testSource<string>()
    const job = defineJob({
      name: 'unsaved',
      module: import.meta.url,
      build: (flow) =>
        void flow
          .source('n', fromIterable([5]))
          .broadcast('apply', flow.source('rules', control), {
            init: () => ({ run: () => 1 }),
            onControl: (state) => state,
            onData: (_state, n) => n,
          })
          .discard('end'),
    })
    const test = await testJob(job, { sources: { rules: control }, snapshotIntervalMs: Number.POSITIVE_INFINITY })
    const error = await errorOf(test.snapshot())
    expect(error.code).toBe('ERR_VALUE_NOT_ENCODABLE')
    expect(error.message).toContain('the state cannot be saved')
    await test.cancel()
  })

  it('refuses what is no control stream, and logic that lacks something, when the graph is built', () => {
    const graphOf = (control: unknown, logic: object) => () =>
      defineJob({
        name: 'job',
        module: import.meta.url,
        build: (flow) => {
          const told = control ?? flow.source('rules', fromIterable(['a']))
          flow
            .source('n', fromIterable([5]))
            .broadcast('apply', told as never, logic as never)
            .discard('end')
        },
      }).graph()
    expect(graphOf([1, 2], rules)).toThrow(expect.objectContaining({ code: 'ERR_STREAM_FOREIGN' }))
    expect(graphOf(undefined, { init: () => 0 })).toThrow(
      expect.objectContaining({ code: 'ERR_OPERATOR_ARGUMENT', message: expect.stringContaining('Operator "apply"') }),
    )
  })
})
