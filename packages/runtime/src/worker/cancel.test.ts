import type { Flow } from '@malstrom/operators'
import { errorOf, playJob, ScriptedSink, ScriptedSource, type TaskForm, taskForms } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'
import { Worker } from './worker.ts'

const play = (form: TaskForm, build: (flow: Flow) => void, waitLimitMs = 1_000) =>
  playJob({ form, worker: (options) => new Worker(options), waitLimitMs }, build)
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n)

describe.each(taskForms)('cancelling (%s)', (form) => {
  const playBoth = async (source: ScriptedSource<number>, sink: ScriptedSink, waitLimitMs?: number) =>
    play(form, (flow) => flow.source('source', source).sink('sink', sink), waitLimitMs)
  const closedOnce = (source: ScriptedSource<number>, sink: ScriptedSink) => {
    expect(source.partitions.map(({ closes }) => closes)).toEqual([1])
    expect(sink.count('close')).toBe(sink.count('open'))
    expect(sink.count('commit')).toBe(0)
  }

  it('ends a job that is idle', async () => {
    const [source, sink] = [new ScriptedSource<number>(['a']), new ScriptedSink()]
    const { worker, environment } = await playBoth(source, sink)
    await worker.cancel()
    await worker.finished
    closedOnce(source, sink)
    expect(worker.status()).toMatchObject({ state: 'cancelled', sources: [{ state: 'idle' }] })
    // What happens afterwards concerns nobody.
    source.partition('a').give([1, 1]).fail(new Error('late'))
    await environment.settle()
    expect(source.partition('a').emitted).toBe(0)
    expect(environment.timers).toBe(0)
  })

  it('flushes what was written, and commits nothing', async () => {
    const [source, sink] = [new ScriptedSource<number>(['a']), new ScriptedSink()]
    const { worker, environment } = await playBoth(source, sink)
    source.partition('a').give([1, 1])
    await environment.settle()
    await worker.cancel()
    expect(sink.log).toEqual(['open all', 'write all 1', 'flush all', 'close all'])
    closedOnce(source, sink)
  })

  it('ends a job in the middle of its records', async () => {
    const [source, sink] = [new ScriptedSource<number>(['a']), new ScriptedSink()]
    let cancelled: Promise<void> | undefined
    const { worker, environment } = await play(form, (flow) =>
      flow
        .source('source', source)
        .inspect('cancel', (n) => {
          if (n === 2_000) cancelled = worker.cancel()
        })
        .sink('sink', sink),
    )
    source.partition('a').give(...upTo(10_000).map((n) => [n, n] as const))
    await environment.settle()
    await cancelled
    expect(source.partition('a').emitted).toBeLessThan(4_000)
    closedOnce(source, sink)
    expect(worker.status().state).toBe('cancelled')
  })

  it('ends a job whose sink opens a partition, which is closed when it has opened', async () => {
    const [source, sink] = [new ScriptedSource<number>(['a']), new ScriptedSink({ held: true })]
    const { worker, environment } = await playBoth(source, sink)
    source.partition('a').give([1, 1])
    await environment.settle()
    await worker.cancel()
    expect(worker.status().state).toBe('cancelled')
    sink.letGo()
    await environment.settle()
    expect(sink.log).toEqual(['open all', 'close all'])
    closedOnce(source, sink)
  })

  it('ends a job whose sink is full: it waits for the flush under way, and writes nothing more', async () => {
    const [source, sink] = [new ScriptedSource<number>(['a']), new ScriptedSink({ capacity: 1 })]
    const { worker, environment } = await playBoth(source, sink)
    source.partition('a').give([1, 1])
    await environment.settle()
    sink.held = true
    source.partition('a').give([2, 2], [3, 3])
    await environment.settle()
    const cancelled = worker.cancel()
    await environment.settle()
    expect(sink.log.slice(-2)).toEqual(['write all 2', 'flush all'])
    expect(worker.status().state).toBe('running')
    sink.letGo()
    await cancelled
    expect(sink.log.slice(-3)).toEqual(['flush all', 'flush all', 'close all'])
    closedOnce(source, sink)
  })

  it('says so if the sink cannot be flushed, and closes everything', async () => {
    const [source, sink] = [new ScriptedSource<number>(['a']), new ScriptedSink()]
    const { worker, environment } = await playBoth(source, sink)
    source.partition('a').give([1, 1])
    await environment.settle()
    sink.flushError = new Error('disk full')
    const error = await errorOf(worker.cancel())
    expect(error.message).toMatch(/Sink "sink".*disk full/)
    expect(await errorOf(worker.finished)).toBe(error)
    expect(worker.status().state).toBe('failed')
    closedOnce(source, sink)
  })

  it('does not wait for ever for a sink that does not answer', async () => {
    const [source, sink] = [new ScriptedSource<number>(['a']), new ScriptedSink()]
    const { worker, environment } = await playBoth(source, sink, 30)
    source.partition('a').give([1, 1])
    await environment.settle()
    sink.held = true
    const cancelled = errorOf(worker.cancel())
    await environment.advance(30)
    expect(await cancelled).toMatchObject({ code: 'ERR_TIMEOUT' })
    closedOnce(source, sink)
  })

  it('a second time waits for the first', async () => {
    const [source, sink] = [new ScriptedSource<number>(['a']), new ScriptedSink()]
    const { worker } = await playBoth(source, sink)
    await Promise.all([worker.cancel(), worker.cancel()])
    await worker.cancel()
    closedOnce(source, sink)
  })

  it('a job that has ended changes nothing', async () => {
    const [source, sink] = [new ScriptedSource<number>(['a']), new ScriptedSink()]
    const { worker, environment } = await playBoth(source, sink)
    source.partition('a').finish()
    await worker.finished
    await worker.cancel()
    expect(worker.status().state).toBe('finished')

    const failing = new ScriptedSource<number>(['a'])
    const second = await playBoth(failing, new ScriptedSink())
    failing.partition('a').fail(new Error('lost'))
    await environment.settle()
    await errorOf(second.worker.finished)
    await second.worker.cancel()
    expect(second.worker.status().state).toBe('failed')
    expect(failing.partition('a').closes).toBe(1)
  })

  it('a job that is about to end by itself waits for that', async () => {
    const [source, sink] = [new ScriptedSource<number>(['a']), new ScriptedSink()]
    const { worker, environment } = await playBoth(source, sink)
    source.partition('a').give([1, 1])
    await environment.settle()
    sink.held = true
    source.partition('a').finish()
    await environment.settle()
    const cancelled = worker.cancel()
    sink.letGo()
    await cancelled
    expect(worker.status().state).toBe('finished')
    expect(sink.count('commit')).toBe(1)
  })
})
