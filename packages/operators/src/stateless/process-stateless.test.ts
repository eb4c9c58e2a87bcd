import type { Output, StatelessLogic } from '@malstrom/core'
import { fromIterable } from '@malstrom/operators'
import { inBothForms } from '@malstrom/testing'
import { describe, expect } from 'vitest'

/** Puts records into batches and emits a batch when it is full or when an epoch comes. */
class Batches<V> implements StatelessLogic<V, V[], undefined, number> {
  #batch: V[] = []
  readonly #size: number

  constructor(size: number) {
    this.#size = size
  }

  onData(value: V, output: Output<V[], undefined, number>, _key: undefined, timestamp: number): void {
    this.#batch.push(value)
    if (this.#batch.length === this.#size) this.#flush(output, timestamp)
  }

  onEpoch(epoch: number, output: Output<V[], undefined, number>): void {
    if (this.#batch.length > 0) this.#flush(output, epoch)
  }

  #flush(output: Output<V[], undefined, number>, timestamp: number): void {
    output.emit(this.#batch, undefined, timestamp)
    this.#batch = []
  }
}

describe('statelessOp', () => {
  inBothForms('is given each record, and emits any number of records', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable([2, 0, 1]))
        .statelessOp('repeat', (n, output: Output<string, undefined, number>, key, timestamp) => {
          for (let i = 0; i < n; i++) output.emit(`${n}.${i}`, key, timestamp + i)
        }),
    }))
    expect(out.records).toEqual([
      { key: undefined, value: '2.0', timestamp: 0 },
      { key: undefined, value: '2.1', timestamp: 1 },
      { key: undefined, value: '1.0', timestamp: 2 },
    ])
  })

  inBothForms('may emit at the epoch in onEpoch, which runs before the epoch is forwarded', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow.source('n', fromIterable(Array.from({ length: 5 }, (_, n) => n))).statelessOp('batch', new Batches<number>(3)),
    }))
    expect(out.records.map(({ value, timestamp }) => [value, timestamp])).toEqual([
      [[0, 1, 2], 2],
      [[3, 4], Number.POSITIVE_INFINITY],
    ])
    expect(out.events.at(-1)).toBe('EInfinity')
  })

  inBothForms('emits at every epoch, each time before it', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable([1, 2, 3]))
        .generateEpochs('each', (_value, timestamp) => timestamp)
        .onTime.process('batch', new Batches<number>(10)),
    }))
    expect(out.events).toEqual([[1], 'E0', [2], 'E1', [3], 'E2', 'EInfinity'])
  })

  inBothForms('is called as a method of its object', async (collect) => {
    const logic = {
      factor: 3,
      onData(value: number, output: Output<number, undefined, number>, key: undefined, timestamp: number) {
        output.emit(value * this.factor, key, timestamp)
      },
    }
    const { out } = await collect((flow) => ({ out: flow.source('n', fromIterable([1, 2])).process('times', logic) }))
    expect(out.values).toEqual([3, 6])
  })

  inBothForms('keeps keys on a keyed stream', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable([1, 2]))
        .keyLocal('key', (n) => `k${n}`)
        .statelessOp('same', (value, output: Output<number, string, number>, key, timestamp) => output.emit(value, key, timestamp)),
    }))
    expect(out.records.map(({ key }) => key)).toEqual(['k1', 'k2'])
  })
})
