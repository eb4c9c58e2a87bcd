import type { MalstromError } from '@malstrom/core'
import { type Flow, fromIterable } from '@malstrom/operators'
import { errorOf, playJob, ScriptedSink, ScriptedSource, type TaskForm, taskForms } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'
import { Worker } from '../worker/worker.ts'

const play = (form: TaskForm, build: (flow: Flow) => void, waitLimitMs?: number) =>
  playJob({ form, worker: (options) => new Worker(options), ...(waitLimitMs === undefined ? {} : { waitLimitMs }) }, build)

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n)
const parity = (value: unknown) => ((value as number) % 2 === 0 ? 'even' : 'odd')
const playNumbers = (form: TaskForm, count: number, sink: ScriptedSink, waitLimitMs?: number) =>
  play(form, (flow) => flow.source('source', fromIterable(upTo(count))).sink('sink', sink), waitLimitMs)

describe.each(taskForms)('a sink (%s)', (form) => {
  it('opens a partition for its first record, and tells who opens it', async () => {
    const sink = new ScriptedSink({ partitionOf: parity })
    const { worker } = await playNumbers(form, 3, sink)
    await worker.finished
    expect(sink.log.slice(0, 5)).toEqual(['open even', 'write even 0', 'open odd', 'write odd 1', 'write even 2'])
    expect(sink.contexts).toEqual(Array.from({ length: 2 }, () => ({ job: 'play', operator: 'sink', worker: 0, generation: 1 })))
  })

  it('opens nothing for a stream without records', async () => {
    const sink = new ScriptedSink()
    const { worker } = await playNumbers(form, 0, sink)
    await worker.finished
    expect(sink.log).toEqual([])
  })

  it('flushes, commits and closes every partition once at the end, in this order', async () => {
    const sink = new ScriptedSink({ partitionOf: parity })
    const { worker } = await playNumbers(form, 4, sink)
    await worker.finished
    expect(sink.log.filter((entry) => !/^(open|write)/.test(entry))).toEqual([
      'flush even',
      'snapshot even 1',
      'commit even 1',
      'flush odd',
      'snapshot odd 1',
      'commit odd 1',
      'close even',
      'close odd',
    ])
  })

  it('holds records in order while a partition opens, and reads no more meanwhile', async () => {
    const sink = new ScriptedSink({ held: true })
    const source = new ScriptedSource<number>(['a'])
    const { worker, environment } = await play(form, (flow) =>
      flow
        .source('source', source)
        .flatMap('three', (n) => [n, n + 0.1, n + 0.2])
        .sink('sink', sink),
    )
    source.partition('a').give([1, 1], [2, 2])
    await environment.settle()
    const { polls } = source.partition('a')
    source.partition('a').give([3, 3])
    await environment.settle()
    expect(sink.log).toEqual(['open all'])
    expect(source.partition('a').polls).toBe(polls)
    expect(worker.status()).toMatchObject({ recordsOut: 0, sources: [{ state: 'back-pressured' }] })
    sink.letGo()
    await environment.settle()
    expect(sink.written).toEqual(['all 1', 'all 1.1', 'all 1.2', 'all 2', 'all 2.1', 'all 2.2', 'all 3', 'all 3.1', 'all 3.2'])
    expect(worker.status()).toMatchObject({ recordsOut: 9, sources: [{ state: 'idle' }] })
    source.partition('a').finish()
    await worker.finished
  })

  it('keeps the order of all records while several partitions open one after the other', async () => {
    const sink = new ScriptedSink({ partitionOf: (value) => `p${(value as number) % 3}`, held: true })
    const { worker, environment } = await play(form, (flow) =>
      flow
        .source('source', fromIterable([0]))
        .flatMap('all', () => upTo(7))
        .sink('sink', sink),
    )
    for (let n = 0; n < 3; n++) {
      sink.release()
      await environment.settle()
    }
    expect(sink.log).toEqual([
      'open p0',
      'write p0 0',
      'open p1',
      'write p1 1',
      'open p2',
      'write p2 2',
      ...[3, 4, 5, 6].map((n) => `write p${n % 3} ${n}`),
      'flush p0',
    ])
    sink.letGo()
    await worker.finished
  })

  it('is not written to while it is saturated, and goes on in order', async () => {
    const sink = new ScriptedSink({ capacity: 2 })
    const { worker } = await playNumbers(form, 5, sink)
    await worker.finished
    expect(sink.log.filter((entry) => !/^(snapshot|commit)/.test(entry))).toEqual([
      'open all',
      'write all 0',
      'write all 1',
      'flush all',
      'write all 2',
      'write all 3',
      'flush all',
      'write all 4',
      'flush all',
      'close all',
    ])
    expect(worker.status().recordsOut).toBe(5)
  })

  it('holds what one record leads to while it is saturated, also several times over', async () => {
    const sink = new ScriptedSink({ capacity: 2 })
    const { worker } = await play(form, (flow) =>
      flow
        .source('source', fromIterable([0, 100]))
        .flatMap('seven', (n) => upTo(7).map((m) => n + m))
        .sink('sink', sink),
    )
    await worker.finished
    expect(sink.written).toEqual([...upTo(7), ...upTo(7).map((n) => n + 100)].map((n) => `all ${n}`))
    expect(sink.count('flush')).toBe(8)
  })

  it('stalled, stops the source: it is polled a bounded number of times', async () => {
    const sink = new ScriptedSink({ capacity: 10, held: true })
    const source = new ScriptedSource<number>(['a'])
    const { worker, environment } = await play(form, (flow) => flow.source('source', source).sink('sink', sink), 1e9)
    for (let n = 0; n < 100; n++) {
      source.partition('a').give(...upTo(1_000).map((value) => [value, value] as const))
      await environment.advance(10)
    }
    expect(source.partition('a').polls).toBeLessThanOrEqual(2)
    expect(worker.status()).toMatchObject({ sources: [{ state: 'back-pressured' }] })
    source.partition('a').finish()
    sink.letGo()
    await environment.settle()
    await worker.finished
    expect(worker.status()).toMatchObject({ recordsIn: 100_000, recordsOut: 100_000 })
  })

  it('fails the job when it does not open, write or flush, and says where', async () => {
    const broken: [string, Partial<ScriptedSink>, RegExp][] = [
      ['openPartition', { openPartition: () => Promise.reject(new Error('no disk')) }, /no disk/],
      [
        'openPartition',
        {
          openPartition: () => {
            throw new Error('no disk')
          },
        },
        /no disk/,
      ],
      [
        'partitionOf',
        {
          partitionOf: () => {
            throw new Error('no partition')
          },
        },
        /timestamp 0: no partition/,
      ],
      ['flush', { flushError: new Error('lost') }, /lost/],
    ]
    for (const [, changes, message] of broken) {
      const sink = Object.assign(new ScriptedSink({ capacity: 2 }), changes)
      const { worker } = await playNumbers(form, 5, sink)
      const error = await errorOf(worker.finished)
      expect(error).toMatchObject({ code: 'ERR_SINK_FAILED', context: { operator: 'sink', job: 'play' } })
      expect(error.message).toMatch(/Sink "sink" \(sink-station.test.ts:\d+\) failed/)
      expect(error.message).toMatch(message)
      expect(sink.count('close')).toBe(sink.count('open'))
      expect(worker.status().state).toBe('failed')
    }
  })

  it('fails the job when it cannot be flushed or committed at the end', async () => {
    for (const failing of ['flush', 'snapshot', 'commit'] as const) {
      const sink = new ScriptedSink()
      const open = sink.openPartition.bind(sink)
      sink.openPartition = async (...args) => {
        const partition = await open(...args)
        return Object.assign(partition, {
          [failing]: () => {
            throw new Error(`no ${failing}`)
          },
        })
      }
      const { worker } = await playNumbers(form, 1, sink)
      const error = await errorOf(worker.finished)
      expect(error).toMatchObject({ code: 'ERR_SINK_FAILED', context: { operator: 'sink' } })
      expect(error.message).toContain(`no ${failing}`)
      expect(sink.count('close')).toBe(1)
    }
  })

  it('fails the job with ERR_TIMEOUT where a partition never opens', async () => {
    const sink = new ScriptedSink({ held: true })
    const { worker, environment } = await playNumbers(form, 5, sink, 20)
    const failed = errorOf(worker.finished)
    await environment.advance(19)
    expect(worker.status().state).toBe('running')
    await environment.advance(1)
    const error = await failed
    expect(error).toMatchObject({ code: 'ERR_TIMEOUT', outcome: 'unknown', context: { operator: 'sink' } })
    expect(error.message).toContain('Waited 20 ms for sink "sink" to open partition all, which did not answer')
    const { length } = sink.log
    sink.letGo()
    await environment.settle()
    // A partition that opens too late is closed, and nothing is written to it.
    expect(sink.log.slice(length)).toEqual(['close all'])
    expect(sink.count('close')).toBe(1)
    expect(environment.timers).toBe(0)
  })

  it('waits as long as a full partition needs: back-pressure is no failure', async () => {
    const sink = new ScriptedSink({ capacity: 2 })
    let stalls = true
    const { worker, environment } = await play(
      form,
      (flow) =>
        flow
          .source('source', fromIterable(upTo(5)))
          .inspect('stall', () => {
            sink.held = stalls && sink.count('open') > 0
          })
          .sink('sink', sink),
      20,
    )
    await environment.advance(1_000_000)
    expect(worker.status().state).toBe('running')
    expect(sink.written).toHaveLength(2)
    stalls = false
    sink.letGo()
    await worker.finished
    expect(sink.written).toHaveLength(5)
  })

  it.each([
    ['an object', {}],
    ['undefined', undefined],
    ['NaN', Number.NaN],
  ])('refuses %s as a partition', async (_name, partition) => {
    const sink = new ScriptedSink()
    sink.partitionOf = () => partition as string
    const { worker } = await playNumbers(form, 2, sink)
    expect(await errorOf(worker.finished)).toMatchObject({ code: 'ERR_KEY_INVALID', context: { operator: 'sink' } })
  })

  it('compares partitions by value', async () => {
    const sink = new ScriptedSink({ partitionOf: (value) => [parity(value), 1] as unknown as string })
    const { worker } = await playNumbers(form, 4, sink)
    await worker.finished
    expect(sink.count('open')).toBe(2)
  })

  it('closes every partition and every sink, also after one that cannot be closed, and keeps all errors', async () => {
    const [first, second] = [new ScriptedSink({ partitionOf: parity }), new ScriptedSink()]
    const open = first.openPartition.bind(first)
    first.openPartition = async (...args) => {
      const partition = await open(...args)
      const close = partition.close.bind(partition)
      return Object.assign(partition, {
        close: () => {
          close()
          throw new Error(`cannot close ${args[0]}`)
        },
      })
    }
    const { worker } = await play(form, (flow) => {
      const numbers = flow.source('source', fromIterable(upTo(2)))
      numbers.sink('first', first)
      numbers.sink('second', second)
    })
    const error = (await errorOf(worker.finished)) as MalstromError & { suppressed: MalstromError[] }
    expect(error.message).toMatch(/Sink "first".*cannot close even/)
    expect(error.suppressed.map(({ message }) => message)).toEqual([expect.stringMatching(/cannot close odd/)])
    expect([first.count('close'), second.count('close')]).toEqual([2, 1])
  })
})
