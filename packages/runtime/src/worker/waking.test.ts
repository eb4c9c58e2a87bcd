import type { FusedOperator, OperatorContext } from '@malstrom/core'
import { defineJob } from '@malstrom/operators'
import { ScriptedSource, taskForms, VirtualEnvironment } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'
import { Worker } from './worker.ts'

const HELD_FROM = 3

/** Keeps records until it is woken, and epochs behind them. Holds its task when it keeps several. */
class Parcels {
  readonly context: OperatorContext
  readonly kept: unknown[] = []
  epoch: unknown
  wakes = 0
  closed = false

  constructor(context: OperatorContext) {
    this.context = context
  }

  keep(value: unknown): void {
    this.kept.push(value)
    if (this.kept.length >= HELD_FROM) this.context.hold()
    this.context.wakeAt(this.context.now() + 10)
  }

  /** What is passed on now, and whether the epoch follows. */
  take(): unknown[] {
    this.wakes++
    this.context.release()
    return this.kept.splice(0)
  }

  fused(): FusedOperator {
    return {
      record: (code, record) => `${code.bind('parcels', this)}.keep(${record.value})`,
      epoch: (code, epoch) => `${code.bind('parcels', this)}.epoch = ${epoch}\n${code.bind('parcels', this)}.context.wakeAt(0)`,
      wake: (code) => {
        const parcels = code.bind('parcels', this)
        return [
          `for (const value of ${parcels}.take()) ${code.emitter()}(value, undefined, 0)`,
          `if (${parcels}.epoch !== undefined) {\n${code.advance(`${parcels}.epoch`)}\n}`,
        ].join('\n')
      },
      pending: () => this.kept.length > 0,
      close: () => {
        this.closed = true
      },
      interpret: (next) => ({
        data: (value) => this.keep(value),
        epoch: (epoch) => {
          this.epoch = epoch
          this.context.wakeAt(0)
        },
        wake: () => {
          for (const value of this.take()) next.data(value, undefined, 0)
          if (this.epoch !== undefined) next.epoch(this.epoch)
        },
      }),
    }
  }
}

describe.each(taskForms)('an operator that can be woken (%s)', (form) => {
  async function start() {
    const seen: unknown[] = []
    const source = new ScriptedSource<number>()
    let parcels: Parcels | undefined
    const job = defineJob({
      name: 'parcels',
      module: import.meta.url,
      build: (flow) =>
        flow
          .source('numbers', source)
          .map('parcels', (n) => n)
          .inspect('values', (value) => void seen.push(value))
          .inspectFrontier('frontier', (epoch) => void seen.push(`epoch ${epoch}`))
          .discard('end'),
    })
    const graph = job.graph()
    for (const node of graph.nodes) {
      if (node.name !== 'parcels') continue
      Object.assign(node, {
        open: (context: OperatorContext) => {
          parcels = new Parcels(context)
          return parcels.fused()
        },
      })
    }
    const environment = new VirtualEnvironment()
    const worker = new Worker({
      graph,
      workerId: 0,
      generation: 1,
      environment,
      waitLimitMs: 1_000,
      interpret: form === 'interpreted',
    })
    await worker.start()
    await environment.settle()
    return { source, seen, worker, environment, parcels: parcels as unknown as Parcels }
  }

  it('is woken at the time it asked for, and then a parked worker goes on', async () => {
    const { source, seen, worker, environment, parcels } = await start()
    source.push(1, 1)
    await environment.advance(9)
    expect([seen, parcels.wakes]).toEqual([[], 0])
    await environment.advance(1)
    expect([seen, parcels.wakes]).toEqual([[1], 1])
    await environment.advance(1_000)
    expect([parcels.wakes, environment.timers]).toEqual([1, 0])
    await worker.cancel()
  })

  it('has one request, which is moved forward by an earlier one and not by a later one', async () => {
    const { parcels, environment, worker } = await start()
    parcels.context.wakeAt(50)
    parcels.context.wakeAt(20)
    parcels.context.wakeAt(30)
    expect(environment.timers).toBe(1)
    await environment.advance(20)
    expect(parcels.wakes).toBe(1)
    await environment.advance(100)
    expect(parcels.wakes).toBe(1)
    parcels.context.wakeAt(0)
    await environment.advance(0)
    expect(parcels.wakes).toBe(2)
    await worker.cancel()
  })

  it('waits longer than a timer of the host can', async () => {
    const { parcels, environment, worker } = await start()
    parcels.context.wakeAt(2 ** 32)
    await environment.advance(2 ** 32 - 1)
    expect(parcels.wakes).toBe(0)
    await environment.advance(1)
    expect(parcels.wakes).toBe(1)
    await worker.cancel()
  })

  it('is woken at once from outside of the worker', async () => {
    const { parcels, environment, worker } = await start()
    parcels.context.wake()
    parcels.context.wake()
    await environment.settle()
    expect(parcels.wakes).toBe(1)
    await worker.cancel()
  })

  it('holds its task: no more is read until it lets go, and the source is reported as held back', async () => {
    const { source, seen, environment, worker } = await start()
    source.push(1, 1).push(2, 2).push(3, 3)
    await environment.settle()
    source.push(4, 4).push(5, 5)
    await environment.settle()
    expect(worker.status().recordsIn).toBe(3)
    expect(worker.status().sources[0]?.state).toBe('back-pressured')
    await environment.advance(10)
    expect(seen).toEqual([1, 2, 3])
    expect(worker.status().recordsIn).toBe(5)
    await environment.advance(10)
    expect(seen).toEqual([1, 2, 3, 4, 5])
    await worker.cancel()
  })

  it('keeps the job from its end while results are to come', async () => {
    const { source, seen, environment, worker, parcels } = await start()
    source.push(1, 1)
    await environment.settle()
    source.finish()
    await environment.settle()
    expect(worker.status().state).toBe('running')
    await environment.advance(10)
    await worker.finished
    expect(seen).toEqual([1, 'epoch Infinity'])
    expect([parcels.closed, environment.timers]).toEqual([true, 0])
  })

  it('is closed with the worker, and nothing rings after that', async () => {
    const { source, seen, environment, worker, parcels } = await start()
    source.push(1, 1)
    await environment.settle()
    await worker.cancel()
    expect([parcels.closed, environment.timers]).toEqual([true, 0])
    parcels.context.wake()
    parcels.context.wakeAt(0)
    await environment.advance(100)
    expect([seen, parcels.wakes, environment.timers]).toEqual([[], 0, 0])
  })

  it('fails the job with its name when its wake lines throw', async () => {
    const { environment, worker, parcels } = await start()
    parcels.take = () => {
      throw new Error('torn')
    }
    parcels.context.wake()
    await environment.settle()
    await expect(worker.finished).rejects.toMatchObject({ code: 'ERR_OPERATOR_FAILED', context: { operator: 'parcels' } })
  })
})
