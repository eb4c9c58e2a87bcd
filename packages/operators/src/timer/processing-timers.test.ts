import { numberTime, type StatefulLogic } from '@malstrom/core'
import { defineJob, type Flow, fromIterable, limitOutOfOrderness } from '@malstrom/operators'
import { errorOf, inBothForms, type SimulatedRecord, simulate, taskForms, testJob, testSink, testSource } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'

type Logic<S> = StatefulLogic<string, number, string, number, S>

const missing = () => {
  throw new Error('the real one is not opened')
}

const jobOf = (logic: Logic<never>) =>
  defineJob({
    name: 'timers',
    module: import.meta.url,
    build(flow) {
      flow
        .source('in', { time: numberTime, listPartitions: missing, openPartition: missing })
        .map('number', (n) => n as number)
        .keyDistribute('key', (n) => (n % 2 === 0 ? 'even' : 'odd'))
        .generateEpochs('epochs', limitOutOfOrderness(0))
        .onTime.statefulOp('timers', logic)
        .sink('out', { openPartition: missing })
    },
  })

async function started<S>(logic: Logic<S>, tasks: 'compiled' | 'interpreted') {
  const source = testSource<number>()
  const out = testSink<string, string>()
  const test = await testJob(jobOf(logic as Logic<never>), { sources: { in: source }, sinks: { out }, tasks })
  return { source, test, out, values: () => out.records.map(({ value }) => value) }
}

/** Emits the time of each timer; `set` says which timers a value sets. */
const told = (set: Logic<number>['onData']): Logic<number> => ({
  init: () => 0,
  onData: set,
  onProcessingTimer(ms, state, output, key, timers) {
    output.emit(`${key} ${ms} at ${timers.now()}`, key, (timers.frontier() ?? 0) + 1)
    return state
  },
})

describe('timers of processing time', () => {
  it.each(taskForms)('fire once, in the order of their times, without a record that comes meanwhile (%s)', async (tasks) => {
    const logic = told((value, state, _output, _key, _timestamp, timers) => {
      const now = timers.now()
      for (const ms of [300, 100, 200, 100]) timers.atMs(now + ms + value)
      return state
    })
    const { source, test, values, out } = await started(logic, tasks)
    await using _ = test
    source.push(1, 1).push(2, 2)
    await test.advanceBy(100)
    expect(values()).toEqual([])
    await test.advanceBy(1)
    expect(values()).toEqual(['odd 101 at 101'])
    await test.advanceBy(10_000)
    expect(values()).toEqual(['odd 101', 'even 102', 'odd 201', 'even 202', 'odd 301', 'even 302'].map((v) => `${v} at ${v.split(' ')[1]}`))
    // After the frontier, which has come to 2.
    expect(new Set(out.records.map(({ timestamp }) => timestamp))).toEqual(new Set([3]))
  })

  it.each(taskForms)('are taken back, or gone with their key (%s)', async (tasks) => {
    const cancelled: boolean[] = []
    const logic = told((value, state, _output, _key, _timestamp, timers) => {
      if (value === 1) {
        timers.atMs(100)
        timers.atMs(200)
      }
      if (value === 3) cancelled.push(timers.cancelMs(100), timers.cancelMs(100), timers.cancelMs(999))
      if (value === 2) timers.atMs(300)
      return value === 4 ? undefined : state
    })
    const { source, test, values } = await started(logic, tasks)
    await using _ = test
    source.push(1, 1).push(2, 2).push(3, 3).push(4, 4)
    await test.advanceBy(1_000)
    expect(values()).toEqual(['odd 200 at 200'])
    expect(cancelled).toEqual([true, false, false])
  })

  it.each(taskForms)('of the past fire as soon as possible, and can set others (%s)', async (tasks) => {
    let fired = 0
    const logic: Logic<number> = {
      init: () => 0,
      onData(_value, state, _output, _key, _timestamp, timers) {
        timers.atMs(timers.now() - 5)
        return state
      },
      onProcessingTimer(ms, state, output, key, timers) {
        output.emit(`${ms}`, key, (timers.frontier() ?? 0) + 1)
        if (++fired < 3) timers.atMs(timers.now())
        else if (fired === 3) timers.atMs(timers.now() + 50)
        return state
      },
    }
    const { source, test, values } = await started(logic, tasks)
    await using _ = test
    source.push(1, 1)
    await test.settle()
    expect(values()).toEqual(['-5', '0', '0'])
    await test.advanceBy(50)
    expect(values().slice(3)).toEqual(['50'])
  })

  it.each(taskForms)('survive a crash, also those that were due meanwhile, and are dropped at the end (%s)', async (tasks) => {
    const logic = told((value, state, _output, _key, _timestamp, timers) => {
      timers.atMs(value)
      return state
    })
    const { source, test, values } = await started(logic, tasks)
    await using _ = test
    source.push(1_000, 1).push(2_001, 2)
    await test.snapshot()
    test.crash()
    await test.advanceBy(1_500)
    await test.start()
    await test.settle()
    expect(values()).toEqual(['even 1000 at 1500'])
    await test.advanceTo(2_001)
    expect(values().slice(1)).toEqual(['odd 2001 at 2001'])
    source.push(9_000, 3)
    await test.finish()
    await test.advanceBy(10_000)
    expect(values()).toHaveLength(2)
  })

  it.each(taskForms)('go along with those of event time (%s)', async (tasks) => {
    const logic: Logic<number> = {
      ...told((value, state, _output, _key, timestamp, timers) => {
        timers.at(timestamp + 10)
        timers.atMs(timestamp + 10)
        return state + value
      }),
      onTimer(time, state, output, key) {
        output.emit(`${key} event ${time}`, key, time)
        return state
      },
    }
    const { source, test, values } = await started(logic, tasks)
    await using _ = test
    source.push(1, 1)
    await test.advanceBy(50)
    source.push(2, 20)
    await test.settle()
    expect(values()).toEqual(['odd 11 at 11', 'odd event 11', 'even 30 at 50'])
  })

  inBothForms('that would never come, or that nobody hears, are refused', async (collect) => {
    const run = (logic: Logic<number>) =>
      errorOf(
        collect((flow: Flow) => ({
          out: flow
            .source('in', fromIterable([1]))
            .keyLocal('k', () => 'k')
            .statefulOp('t', logic),
        })),
      )
    const setting = (ms: number) =>
      told((_value, state, _output, _key, _timestamp, timers) => {
        timers.atMs(ms)
        return state
      })
    expect(await run(setting(Number.POSITIVE_INFINITY))).toMatchObject({
      code: 'ERR_TIMESTAMP_INVALID',
      context: { operator: 't', key: 'k' },
    })
    expect((await run(setting(Number.NaN))).message).toMatch(/set at NaN of processing time/)
    const { onProcessingTimer: _, ...deaf } = setting(1)
    expect((await run(deaf)).message).toMatch(/timers need the method onTimer/)
    expect((await run({ ...deaf, onTimer: () => 0 })).message).toMatch(/timers of processing time need the method onProcessingTimer/)
    const other = told((_value, state, _output, _key, _timestamp, timers) => {
      timers.at(5)
      return state
    })
    expect((await run(other)).message).toMatch(/timers of event time need the method onTimer/)
    expect((await run({ ...deaf, onProcessingTimer: 5 } as never)).message).toMatch(/the method onProcessingTimer is needed/)
  })

  it('fire once and in order with workers that fail, and rescales from 1 to 3 to 2', { timeout: 60_000 }, async () => {
    /** What a key has set and what has fired, so that a loss or a repetition shows. */
    const checking: StatefulLogic<string, number, string, number, { open: number[]; fired: number }> = {
      init: () => ({ open: [], fired: 0 }),
      onData(value, state, output, key, timestamp, timers) {
        const ms = timers.now() + 1 + (value % 7)
        timers.atMs(ms)
        if (!state.open.includes(ms)) state.open.push(ms)
        if (value % 50 === 49) output.emit(`fired ${state.fired}`, key, timestamp)
        return state
      },
      onProcessingTimer(ms, state, output, key, timers) {
        const isNext = Math.min(...state.open) === ms
        if (!isNext || ms > timers.now()) output.emit(`wrong ${ms} of ${state.open}`, key, (timers.frontier() ?? 0) + 1)
        return { open: state.open.filter((other) => other !== ms), fired: state.fired + 1 }
      },
    }
    let [rescaled, restarts, fired] = [0, 0, 0]
    for (let seed = 1; seed <= 12; seed++) {
      const records: SimulatedRecord<number, number>[] = Array.from({ length: 300 }, (_, n) => ({ value: n, timestamp: n * 3 }))
      let sink: { readonly visible: readonly { value: unknown }[] } = { visible: [] }
      const result = await simulate(
        (world) => {
          const out = world.sink()
          sink = out
          return defineJob({
            name: 'timers',
            module: import.meta.url,
            build(flow) {
              const numbers = flow.source('in', world.source({ all: records }), { epochs: limitOutOfOrderness(5) })
              numbers.late.discard('late')
              numbers.onTime
                .keyDistribute('key', (n) => String(n % 5))
                .statefulOp('checking', checking)
                .sink('out', out)
            },
          })
        },
        { seed, workers: 1, rescaleTo: [3, 2] },
      )
      rescaled += result.rescaled
      restarts += result.status.restarts
      const values = sink.visible.map(({ value }) => value as string)
      expect(
        values.filter((value) => value.startsWith('wrong')),
        `seed ${seed}`,
      ).toEqual([])
      expect(values).toHaveLength(6)
      for (const value of values) fired += Number(value.slice('fired '.length))
    }
    expect(fired).toBeGreaterThan(0)
    expect(rescaled).toBeGreaterThan(0)
    expect(restarts).toBeGreaterThan(0)
  })
})
