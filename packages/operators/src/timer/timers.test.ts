import { numberTime, type StatefulLogic } from '@malstrom/core'
import { defineJob, type Flow, fromIterable, limitOutOfOrderness } from '@malstrom/operators'
import { errorOf, inBothForms, type SimulatedRecord, simulate, taskForms, testJob, testSink, testSource } from '@malstrom/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

type Logic<O, S> = StatefulLogic<string, number, O, number, S>

/** Counts records until a key has been silent for 10, then says how many there were. */
const silence: Logic<string, { count: number; last: number }> = {
  init: () => ({ count: 0, last: Number.NEGATIVE_INFINITY }),
  onData(_value, state, _output, _key, timestamp, timers) {
    if (timestamp > state.last) {
      timers.cancel(state.last + 10)
      timers.at(timestamp + 10)
    }
    return { count: state.count + 1, last: Math.max(timestamp, state.last) }
  },
  onTimer(time, { count }, output, key) {
    output.emit(`${key}: ${count}`, key, time)
    return undefined
  },
}

/** Counts records in stretches of 10, each of which has a timer. */
const stretches: Logic<string, Record<string, number>> = {
  init: () => ({}),
  onData(_value, counts, _output, _key, timestamp, timers) {
    const end = Math.floor(timestamp / 10) * 10 + 9
    counts[end] = (counts[end] ?? 0) + 1
    timers.at(end)
    return counts
  },
  onTimer(time, { [time]: count, ...others }, output, key) {
    output.emit(`${key}: ${count} until ${time}`, key, time)
    return Object.keys(others).length === 0 ? undefined : others
  },
}

const keyed = (flow: Flow, ts: readonly number[]) =>
  flow
    .source('in', fromIterable(ts))
    .keyLocal('key', (t) => (t >= 30 ? 'other' : t % 2 === 0 ? 'even' : 'odd'))
    .assignTimestamps('t', (t) => t)
    .generateEpochs('epochs', limitOutOfOrderness(0)).onTime

const missing = () => {
  throw new Error('the real one is not opened')
}

describe('timers', () => {
  inBothForms('fire in the order of their times, before the epoch that reaches them', async (collect) => {
    const { out, status } = await collect((flow) => ({ out: keyed(flow, [1, 2, 5, 8, 30, 40]).statefulOp('silence', silence) }))
    expect(out.events).toEqual(['E1', 'E2', 'E5', 'E8', 'odd: 2', 'even: 2', 'E30', 'E40', 'other: 2', 'EInfinity'])
    expect(out.records.map(({ timestamp }) => timestamp)).toEqual([15, 18, 50])
    expect(status.operators.find(({ operator }) => operator === 'silence')?.keys).toBe(0)
  })

  inBothForms('fire once, however often the same time is set, and not when they are taken back', async (collect) => {
    const cancelled: boolean[] = []
    const logic: Logic<number, number> = {
      init: () => 0,
      onData(value, _state, _output, _key, _timestamp, timers) {
        timers.at(100)
        timers.at(100)
        timers.at(50)
        if (value === 2) cancelled.push(timers.cancel(100), timers.cancel(100), timers.cancel(99))
        return value
      },
      onTimer(time, state, output, key) {
        output.emit(time, key, time)
        return state
      },
    }
    const { out } = await collect((flow) => ({ out: keyed(flow, [1, 2, 3]).statefulOp('timers', logic) }))
    // Those of the odd numbers, and the earlier one of the even.
    expect(out.values).toEqual([50, 50, 100])
    expect(cancelled).toEqual([true, false, false])
  })

  inBothForms('that set others go on within the same epoch, and stop at the end of the stream', async (collect) => {
    const logic: Logic<number, number> = {
      init: () => 0,
      onData(_value, _state, _output, _key, timestamp, timers) {
        timers.at(timestamp + 10)
        return 1
      },
      onTimer(time, state, output, key, timers) {
        output.emit(time, key, time)
        timers.at(time + 10)
        return state
      },
    }
    const { out } = await collect((flow) => ({
      out: keyed(flow, [2, 35])
        .filter('even', (t) => t === 2)
        .statefulOp('again', logic),
    }))
    expect(out.events).toEqual(['E2', 12, 22, 32, 'E35', 42, 'EInfinity'])
  })

  inBothForms('in the past, or at what is no time, are refused', async (collect) => {
    const setting = (time: number) =>
      errorOf(
        collect((flow) => ({
          out: keyed(flow, [3, 5]).statefulOp('timers', {
            ...silence,
            onData(_value, state, _output, _key, timestamp, timers) {
              if (timestamp === 5) timers.at(time)
              return state
            },
          }),
        })),
      )
    expect(await setting(3)).toMatchObject({ code: 'ERR_TIMESTAMP_INVALID', context: { operator: 'timers', key: 'odd' } })
    expect((await setting(2)).message).toMatch(/set at 2, which is in the past: time has come to 3/)
    expect((await setting(Number.NaN)).message).toMatch(/set at NaN, which is no timestamp/)
  })

  inBothForms('need onTimer', async (collect) => {
    const { onTimer: _, ...without } = silence
    const error = await errorOf(collect((flow) => ({ out: keyed(flow, [1]).statefulOp('silence', without) })))
    expect(error.message).toMatch(/timers need the method onTimer/)
    const wrong = await errorOf(collect((flow) => ({ out: keyed(flow, [1]).statefulOp('silence', { ...without, onTimer: 5 } as never) })))
    expect(wrong.message).toMatch(/Operator "silence".*the method onTimer is needed/)
  })

  inBothForms('leave the states to onEpoch as they are', async (collect) => {
    const seen: unknown[] = []
    const logic: Logic<string, { count: number; last: number }> = {
      ...silence,
      onEpoch(epoch, states) {
        if (epoch === 2) {
          seen.push(
            [...states].map(([key, { count }]) => [key, count]),
            states.size,
          )
          states.set('odd', { count: 100, last: 1 })
          seen.push(states.delete('even'), states.get('even'))
        }
      },
    }
    const { out } = await collect((flow) => ({ out: keyed(flow, [1, 2]).statefulOp('silence', logic) }))
    expect(seen).toEqual([
      [
        ['odd', 1],
        ['even', 1],
      ],
      2,
      true,
      undefined,
    ])
    expect(out.values).toEqual(['odd: 100'])
  })
})

describe('timers survive', () => {
  it.each(taskForms)('a crash at any record, with a codec of the state (%s)', async (tasks) => {
    const codec = {
      id: 'json',
      encode: (counts: Record<string, number>) => new TextEncoder().encode(JSON.stringify(counts)),
      decode: (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes)) as Record<string, number>,
    }
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(14), { minLength: 10, maxLength: 30 }), fc.nat(20), fc.nat(10), async (steps, before, lost) => {
        let now = 0
        const ts = steps.map((step) => (now += step))
        const source = testSource<number>()
        const out = testSink<string, string>()
        const job = defineJob({
          name: 'timers',
          module: import.meta.url,
          build(flow) {
            flow
              .source('in', { time: numberTime, listPartitions: missing, openPartition: missing })
              .generateEpochs('epochs', limitOutOfOrderness(1))
              .onTime.keyDistribute('key', (t) => ((t as number) % 2 === 0 ? 'even' : 'odd'))
              .statefulOp('stretches', { ...stretches, codec })
              .sink('out', { openPartition: missing })
          },
        })
        await using test = await testJob(job, { sources: { in: source }, sinks: { out }, tasks })
        for (const t of ts.slice(0, before)) source.push(t, t)
        await test.snapshot()
        for (const t of ts.slice(before, before + lost)) source.push(t, t)
        await test.settle()
        test.crash()
        for (const t of ts.slice(before + lost)) source.push(t, t)
        await test.start()
        await test.finish()
        const expected = naive(ts.map((t) => ({ key: t % 2 === 0 ? 'even' : 'odd', t })))
        expect(out.committed.map(({ value }) => value).sort()).toEqual(expected)
      }),
      { numRuns: 20 },
    )
  })

  it('workers that fail, and rescales from 1 to 3 to 2', { timeout: 300_000 }, async () => {
    let rescaled = 0
    for (let seed = 1; seed <= 24; seed++) {
      const keys = 12
      const records: SimulatedRecord<number, number>[] = Array.from({ length: 300 }, (_, n) => ({
        value: (n * 7 + seed * n) % keys,
        timestamp: n * 3,
      }))
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
                .keyDistribute('key', (n) => String(n))
                .statefulOp('stretches', stretches)
                .sink('out', out)
            },
          })
        },
        { seed, workers: 1, rescaleTo: [3, 2] },
      )
      rescaled += result.rescaled
      expect(sink.visible.map(({ value }) => value as string).sort()).toEqual(
        naive(records.map(({ value, timestamp }) => ({ key: String(value), t: timestamp }))),
      )
    }
    expect(rescaled).toBeGreaterThan(0)
  })
})

function naive(records: readonly { readonly key: string; readonly t: number }[]): string[] {
  const counts = new Map<string, number>()
  for (const { key, t } of records) {
    const name = `${key} ${Math.floor(t / 10) * 10 + 9}`
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return [...counts].map(([name, count]) => name.replace(' ', `: ${count} until `)).sort()
}
