import type { SourceStatusReport } from '@malstrom/core'
import { type Flow, forEach, limitOutOfOrderness, type SourceEpochs } from '@malstrom/operators'
import { errorOf, playJob, ScriptedSink, ScriptedSource, type TaskForm, taskForms } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'
import { Worker } from '../worker/worker.ts'

const play = (form: TaskForm, build: (flow: Flow) => void) => playJob({ form, worker: (options) => new Worker(options) }, build)

/** Each record is its own epoch, if nothing else is said. */
const strict: SourceEpochs<string, number> = { epochs: limitOutOfOrderness(0), idleAfterMs: 100 }

interface Played {
  readonly source: ScriptedSource<string>
  readonly sink: ScriptedSink
  /** Values as they came, late ones as `late x`, epochs as `E5`. */
  readonly events: string[]
}

/** A job that reads a scripted source with epochs per partition. */
async function playSource(form: TaskForm, partitions: readonly string[], options = strict) {
  const source = new ScriptedSource<string>(partitions)
  const sink = new ScriptedSink({ capacity: 1 })
  const events: string[] = []
  const { worker, environment } = await play(form, (flow) => {
    const { onTime, late } = flow.source('source', source, options)
    onTime
      .inspect('see', (value) => void events.push(value))
      .inspectFrontier('see epochs', (epoch) => void events.push(`E${epoch}`))
      .sink('sink', sink)
    late
      .inspectFrontier('see late epochs', (epoch) => void events.push(`late E${epoch}`))
      .sink(
        'late',
        forEach((value) => void events.push(`late ${value}`)),
      )
  })
  const played: Played = { source, sink, events }
  const reports = () => Object.fromEntries(worker.status().sources.map((report) => [report.partition, report]))
  const states = () => worker.status().sources.map(({ state }: SourceStatusReport) => state)
  return { ...played, worker, environment, reports, states }
}

describe.each(taskForms)('a source with epochs per partition (%s)', (form) => {
  it('has the smallest frontier of its partitions', async () => {
    const { source, events, environment } = await playSource(form, ['a', 'b'])
    source.partition('a').give(['a5', 5])
    await environment.settle()
    expect(events).toEqual(['a5'])
    source.partition('b').give(['b3', 3])
    await environment.settle()
    source.partition('b').give(['b7', 7])
    await environment.settle()
    expect(events).toEqual(['a5', 'b3', 'E3', 'b7', 'E5'])
  })

  it('decides by partition whether a record is late, and tells the late stream only of the end', async () => {
    const { source, events, environment, worker } = await playSource(form, ['a', 'b'])
    source.partition('a').give(['a9', 9], ['a2', 2])
    source.partition('b').give(['b1', 1], ['b2', 2])
    await environment.settle()
    expect(events.filter((event) => !event.startsWith('late'))).toEqual(['a9', 'b1', 'E1', 'b2', 'E2'])
    for (const partition of source.partitions) partition.finish()
    await worker.finished
    expect(events.filter((event) => event.startsWith('late'))).toEqual(['late a2', 'late EInfinity'])
    expect(events.at(-1)).toMatch(/EInfinity/)
    expect(worker.status()).toMatchObject({ state: 'finished', late: 1, recordsIn: 4, recordsOut: 4 })
  })

  it('excludes a partition that has had nothing to read for long, and takes it back when it speaks', async () => {
    const { source, events, environment, reports } = await playSource(form, ['a', 'b'])
    source.partition('a').give(['a5', 5])
    await environment.settle()
    expect(reports()).toMatchObject({ a: { state: 'idle', excluded: false }, b: { state: 'idle', excluded: false } })
    await environment.advance(60)
    source.partition('a').give(['a6', 6])
    await environment.advance(39)
    expect(events).toEqual(['a5', 'a6'])
    await environment.advance(1)
    expect(reports()).toMatchObject({ a: { state: 'idle', excluded: false }, b: { state: 'idle', excluded: true } })
    expect(events).toEqual(['a5', 'a6', 'E6'])

    source.partition('b').give(['b4', 4], ['b7', 7])
    await environment.settle()
    expect(reports().b).toMatchObject({ excluded: false, frontier: 7, recordsIn: 2 })
    expect(events.slice(3).sort()).toEqual(['b7', 'late b4'])
    source.partition('a').give(['a9', 9])
    await environment.settle()
    expect(events.at(-1)).toBe('E7')
  })

  it('is at the largest frontier when all are excluded', async () => {
    const { source, events, environment, worker } = await playSource(form, ['a', 'b'])
    source.partition('a').give(['a5', 5])
    source.partition('b').give(['b8', 8])
    await environment.advance(100)
    expect(events.filter((event) => event.startsWith('E'))).toEqual(['E5', 'E8'])
    expect(worker.status().frontier).toBe(8)
  })

  it('waits for all partitions for ever without idleAfterMs', async () => {
    const { source, events, environment } = await playSource(form, ['a', 'b'], { epochs: limitOutOfOrderness(0) })
    source.partition('a').give(['a5', 5])
    await environment.advance(1_000_000)
    expect(events).toEqual(['a5'])
    expect(environment.timers).toBe(0)
  })

  it('does not wait for a partition that has ended', async () => {
    const { source, events, environment, states, reports } = await playSource(form, ['a', 'b'], { epochs: limitOutOfOrderness(0) })
    source.partition('b').give(['b1', 1])
    source.partition('a').give(['a5', 5])
    source.partition('b').finish()
    await environment.settle()
    expect(states()).toEqual(['idle', 'finished'])
    expect(reports().b).toMatchObject({ excluded: false, frontier: 1 })
    source.partition('a').give(['a9', 9])
    await environment.settle()
    expect(events).toContain('E5')
    expect(events.at(-1)).toBe('E9')
  })

  it('counts a partition as idle that says it is ready and then has no record', async () => {
    const { source, events, environment, reports } = await playSource(form, ['a', 'b'])
    source.partition('a').give(['a5', 5])
    for (let n = 0; n < 10; n++) {
      source.partition('b').wake()
      await environment.advance(20)
    }
    expect(source.partition('b').polls).toBeGreaterThan(5)
    expect(reports().b?.excluded).toBe(true)
    expect(events).toEqual(['a5', 'E5'])
  })

  it('does not exclude a partition that back-pressure keeps from being read', async () => {
    const { source, sink, events, environment, reports, states } = await playSource(form, ['a', 'b'])
    sink.held = true
    source.partition('a').give(['a1', 1])
    await environment.settle()
    source.partition('b').give(['b1', 1], ['b2', 2], ['b3', 3])
    source.partition('a').give(['a50', 50])
    await environment.advance(500)
    expect(states()).toEqual(['back-pressured', 'back-pressured'])
    expect(reports()).toMatchObject({ a: { excluded: false }, b: { excluded: false, recordsIn: 0 } })
    sink.letGo()
    await environment.settle()
    expect(events.filter((event) => event.startsWith('late'))).toEqual([])
    expect(events).toContain('b3')
  })

  it('does not make records late that were read but still wait behind a full sink', async () => {
    const { source, sink, events, environment } = await playSource(form, ['a', 'b'])
    source.partition('a').give(['a50', 50])
    source.partition('b').give(['b1', 1])
    await environment.settle()
    sink.held = true
    source.partition('b').give(['b2', 2], ['b3', 3], ['b4', 4])
    await environment.advance(99)
    await environment.advance(500)
    sink.letGo()
    await environment.settle()
    expect(events.filter((event) => !event.startsWith('E'))).toEqual(['a50', 'b1', 'b2', 'b3', 'b4'])
  })

  it('is polled no more after it has finished, and closed once at the end', async () => {
    const { source, worker, environment } = await playSource(form, ['a', 'b'])
    source.partition('a').finish()
    await environment.settle()
    const { polls } = source.partition('a')
    source.partition('b').give(['b1', 1])
    await environment.settle()
    expect(source.partition('a').polls).toBe(polls)
    source.partition('b').finish()
    await worker.finished
    expect(source.partitions.map(({ opens, closes }) => [opens, closes])).toEqual([
      [1, 1],
      [1, 1],
    ])
    expect(worker.status().sources.map(({ state }) => state)).toEqual(['finished', 'finished'])
    expect(environment.timers).toBe(0)
  })

  it('takes new timestamps, of another kind if told how they are ordered', async () => {
    const source = new ScriptedSource<{ at: number }>(['a'])
    const seen: unknown[] = []
    const { worker } = await play(form, (flow) => {
      flow
        .source('numbers', source, { epochs: limitOutOfOrderness(0), timestamp: (value, timestamp) => value.at + timestamp })
        .onTime.inspectFrontier('epochs', (epoch) => void seen.push(epoch))
        .sink(
          'sink',
          forEach((_value, _key, timestamp) => void seen.push([timestamp])),
        )
      source.partition('a').give([{ at: 10 }, 1], [{ at: 20 }, 2])
      source.partition('a').finish()
    })
    await worker.finished
    expect(seen.filter((item) => !Array.isArray(item))).toEqual([11, 22, Number.POSITIVE_INFINITY])
    expect(seen.filter((item) => Array.isArray(item))).toEqual([[11], [22]])
  })

  it.each([
    ['NaN', Number.NaN],
    ['undefined', undefined],
    ['a date', new Date(5)],
  ])('refuses %s as a timestamp, and names the source', async (_name, timestamp) => {
    const source = new ScriptedSource<number>(['a'])
    source.partition('a').give([1, 0])
    const { worker } = await play(form, (flow) => {
      flow.source('numbers', source, { epochs: limitOutOfOrderness(0), timestamp: () => timestamp as number }).onTime.discard('end')
    })
    const error = await errorOf(worker.finished)
    expect(error).toMatchObject({ code: 'ERR_TIMESTAMP_INVALID', context: { operator: 'numbers' } })
    expect(error.message).toMatch(/Source "numbers" \(partition-epochs.test.ts:\d+\) failed/)
    expect(source.partition('a').closes).toBe(1)
  })

  it.each([
    ['NaN', Number.NaN],
    ['undefined', undefined],
  ])('refuses %s that a source gives as a timestamp, before the record goes any further', async (_name, timestamp) => {
    const source = new ScriptedSource<number>(['a'])
    source.partition('a').give([1, 0], [2, timestamp as number], [3, 1])
    const seen: number[] = []
    const { worker } = await play(form, (flow) => {
      const { onTime, late } = flow.source('numbers', source, { epochs: (value) => void seen.push(value) })
      late.discard('late')
      onTime.inspect('see', (value) => void seen.push(value)).discard('end')
    })
    expect(await errorOf(worker.finished)).toMatchObject({ code: 'ERR_TIMESTAMP_INVALID', context: { operator: 'numbers' } })
    expect(seen).toEqual([1, 1])
  })

  it('gives the generator the last epoch of the partition, within a frame and from frame to frame', async () => {
    const previous: [string, number | undefined][] = []
    const epochs = (value: string, timestamp: number, last: number | undefined) => {
      previous.push([value, last])
      return timestamp === 7 ? undefined : timestamp
    }
    const { source, events, environment } = await playSource(form, ['a', 'b'], { epochs })
    source.partition('a').give(['a5', 5], ['a7', 7], ['a6', 6], ['a4', 4])
    source.partition('b').give(['b3', 3], ['b8', 8])
    await environment.settle()
    source.partition('a').give(['a9', 9])
    source.partition('b').give(['b2', 2])
    await environment.settle()
    const of = (partition: string) => previous.filter(([value]) => value.startsWith(partition)).map(([, last]) => last)
    expect(of('a')).toEqual([undefined, 5, 5, 6, 6])
    expect(of('b')).toEqual([undefined, 3, 8])
    expect(events.filter((event) => /^(late|E)/.test(event))).toEqual(['late a4', 'E3', 'E6', 'E8', 'late b2'])
  })

  it.each([
    ['NaN', Number.NaN],
    ['a text that is less than the last epoch as a number', '2'],
    ['null', null],
  ])('refuses %s as an epoch, and names the source', async (_name, epoch) => {
    const source = new ScriptedSource<number>(['a'])
    source.partition('a').give([1, 3], [2, 4])
    const { worker } = await play(form, (flow) => {
      const epochs = (value: number, timestamp: number) => (value === 2 ? (epoch as number) : timestamp)
      flow.source('numbers', source, { epochs }).onTime.discard('end')
    })
    expect(await errorOf(worker.finished)).toMatchObject({ code: 'ERR_TIMESTAMP_INVALID', context: { operator: 'numbers', timestamp: 4 } })
  })

  it('fails the job with what its functions throw', async () => {
    for (const failing of ['epochs', 'timestamp'] as const) {
      const source = new ScriptedSource<number>(['a'])
      source.partition('a').give([1, 3])
      const fail = () => {
        throw new Error(`no ${failing}`)
      }
      const { worker } = await play(form, (flow) => {
        flow
          .source('numbers', source, { epochs: limitOutOfOrderness(0), timestamp: (_value, timestamp) => timestamp, [failing]: fail })
          .onTime.discard('end')
      })
      const error = await errorOf(worker.finished)
      expect(error).toMatchObject({ code: 'ERR_SOURCE_FAILED', context: { operator: 'numbers', timestamp: 3 } })
      expect(error.message).toContain(`no ${failing}`)
    }
  })
})
