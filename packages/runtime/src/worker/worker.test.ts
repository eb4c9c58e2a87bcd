import { type Flow, forEach, fromIterable, periodic } from '@malstrom/operators'
import { playJob, ScriptedSink, ScriptedSource, type TaskForm, taskForms } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'
import { Worker } from './worker.ts'

const play = (form: TaskForm, build: (flow: Flow) => void, waitLimitMs = 1_000) =>
  playJob({ form, worker: (options) => new Worker(options), waitLimitMs }, build)
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n)

describe.each(taskForms)('a worker (%s)', (form) => {
  it('tells what goes on while it runs and after it has ended', async () => {
    const source = new ScriptedSource<number>(['a', 'b'])
    const { worker, environment } = await play(form, (flow) => {
      const { onTime } = flow.source('source', source).generateEpochs('epochs', (_n, timestamp) => timestamp)
      onTime
        .keyLocal('key', (n) => n % 2)
        .fold(
          'count',
          () => 0,
          (count) => count + 1,
        )
        .discard('end')
    })
    const sources = (...states: [string, number, string][]) =>
      states.map(([partition, recordsIn, state]) => ({
        source: 'source',
        partition,
        recordsIn,
        state,
        frontier: undefined,
        excluded: false,
      }))
    expect(worker.status()).toMatchObject({
      job: 'play',
      state: 'running',
      recordsIn: 0,
      recordsOut: 0,
      late: 0,
      frontier: undefined,
      sources: sources(['a', 0, 'idle'], ['b', 0, 'idle']),
    })
    source.partition('a').give([1, 5], [2, 6], [3, 2])
    await environment.settle()
    expect(worker.status()).toMatchObject({ recordsIn: 3, recordsOut: 2, late: 1, frontier: 6 })
    expect(worker.status().operators).toEqual([
      { operator: 'epochs', kind: 'generateEpochs', late: 1, skipped: 0, keys: 0 },
      { operator: 'key', kind: 'keyLocal', late: 0, skipped: 0, keys: 0 },
      { operator: 'count', kind: 'fold', late: 0, skipped: 0, keys: 2 },
    ])
    source.partition('a').finish()
    await environment.settle()
    expect(worker.status().sources.map(({ state }) => state)).toEqual(['finished', 'idle'])
    source.partition('b').finish()
    await worker.finished
    expect(worker.status()).toMatchObject({
      state: 'finished',
      recordsIn: 3,
      frontier: Number.POSITIVE_INFINITY,
      sources: sources(['a', 3, 'finished'], ['b', 0, 'finished']),
    })
  })

  it('has the smallest frontier of its sinks, and none where their timestamps are of different kinds', async () => {
    const [a, b] = [new ScriptedSource<number>(['p']), new ScriptedSource<number>(['p'])]
    const each = (_n: number, timestamp: number) => timestamp
    const { worker, environment } = await play(form, (flow) => {
      flow.source('a', a).generateEpochs('epochs of a', each).onTime.discard('end of a')
      flow.source('b', b).generateEpochs('epochs of b', each).onTime.discard('end of b')
    })
    a.partition('p').give([1, 7])
    await environment.settle()
    expect(worker.status().frontier).toBe(7)
    b.partition('p').give([1, 3])
    await environment.settle()
    expect(worker.status().frontier).toBe(3)
    await worker.cancel()

    const mixed = await play(form, (flow) => {
      const numbers = flow.source('numbers', fromIterable([1]))
      numbers.discard('end of numbers')
      const time = {
        min: 'a',
        max: 'z',
        compare: (x: string, y: string) => (x < y ? -1 : x > y ? 1 : 0),
        merge: (x: string, y: string) => (x < y ? x : y),
      }
      numbers
        .assignTimestamps('texts', () => 'b', time)
        .generateEpochs('epochs', (_n, text) => text)
        .onTime.discard('end of texts')
    })
    await mixed.worker.finished
    expect(mixed.worker.status().frontier).toBeUndefined()
  })

  it('does nothing while nothing happens: no timer, no callback', async () => {
    const source = new ScriptedSource<number>(['a'])
    const { worker, environment } = await play(form, (flow) => flow.source('source', source).discard('end'))
    const { polls } = source.partition('a')
    await environment.advance(1_000_000)
    expect([environment.timers, source.partition('a').polls]).toEqual([0, polls])
    await worker.cancel()
  })

  it('emits epochs by processing time, also while no record comes', async () => {
    const source = new ScriptedSource<number>(['a'])
    const events: unknown[] = []
    const { worker, environment } = await play(form, (flow) => {
      flow
        .source('source', source)
        .generateEpochs(
          'epochs',
          periodic({ everyMs: 100 }, (_n: number, timestamp: number) => timestamp),
        )
        .onTime.inspectFrontier('look', (epoch) => void events.push(`E${epoch}`))
        .sink(
          'sink',
          forEach((n) => void events.push(n)),
        )
    })
    source.partition('a').give([1, 1], [2, 2])
    await environment.advance(99)
    expect(events).toEqual([1, 2])
    await environment.advance(1)
    expect(events).toEqual([1, 2, 'E2'])
    await environment.advance(500)
    expect(events).toEqual([1, 2, 'E2'])
    source.partition('a').give([5, 5])
    await environment.advance(100)
    expect(events).toEqual([1, 2, 'E2', 5, 'E5'])
    source.partition('a').finish()
    await worker.finished
    expect(events.at(-1)).toBe('EInfinity')
    expect(environment.timers).toBe(0)
  })

  it('does a tick once, however often it was due while a sink was full', async () => {
    const source = new ScriptedSource<number>(['a'])
    const sink = new ScriptedSink({ held: true })
    let proposals = 0
    const { worker, environment } = await play(
      form,
      (flow) => {
        flow
          .source('source', source)
          .generateEpochs(
            'epochs',
            periodic({ everyMs: 1 }, (_n: number, timestamp: number) => timestamp),
          )
          .onTime.inspectFrontier('count', () => void proposals++)
          .sink('sink', sink)
      },
      1e9,
    )
    source.partition('a').give([1, 1], [2, 2])
    await environment.advance(5_000)
    expect(proposals).toBe(0)
    sink.letGo()
    await environment.advance(1)
    expect(proposals).toBe(1)
    source.partition('a').finish()
    await worker.finished
  })

  it('runs a chain of 300 operators and a fan-out of 150 readers', async () => {
    const seen: number[] = []
    const { worker } = await play(form, (flow) => {
      let stream = flow.source('source', fromIterable(upTo(3_000)))
      for (let n = 0; n < 300; n++) stream = stream.map(`map ${n}`, (value) => value + 1)
      stream.sink(
        'sink',
        forEach((n) => void seen.push(n)),
      )
      for (let n = 0; n < 150; n++) stream.filter(`filter ${n}`, () => false).discard(`end ${n}`)
    })
    await worker.finished
    expect(seen).toEqual(upTo(3_000).map((n) => n + 300))
  })

  it('stops the source also where tasks lie between it and a stalled sink', async () => {
    const source = new ScriptedSource<number>(['a'])
    const other = new ScriptedSource<number>(['b'])
    const sink = new ScriptedSink({ held: true })
    const { worker, environment } = await play(
      form,
      (flow) => {
        const first = flow
          .source('source', source)
          .union(flow.source('other', other))
          .map('first', (n) => n)
        first.union(first).sink('sink', sink)
      },
      1e9,
    )
    for (let n = 0; n < 200; n++) {
      source.partition('a').give(...upTo(1_024).map((value) => [value, value] as const))
      await environment.settle()
    }
    // A few frames wait on each of the edges.
    expect(source.partition('a').polls).toBeLessThan(40)
    expect(worker.status().sources.map(({ state }) => state)).toEqual(['back-pressured', 'idle'])
    source.partition('a').finish()
    other.partition('b').finish()
    sink.letGo()
    await environment.settle()
    await worker.finished
    expect(worker.status().recordsOut).toBe(2 * 200 * 1_024)
  })
})
