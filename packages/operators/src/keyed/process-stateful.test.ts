import type { KeyedState, Output, StatefulLogic } from '@malstrom/core'
import { fromIterable } from '@malstrom/operators'
import { inBothForms } from '@malstrom/testing'
import { describe, expect } from 'vitest'

/** Emits the values of a key as a batch when there are enough, or when an epoch comes. */
class Batching<K, V> implements StatefulLogic<K, V, V[], number, V[]> {
  readonly #size: number

  constructor(size: number) {
    this.#size = size
  }

  init(): V[] {
    return []
  }

  onData(value: V, batch: V[], output: Output<V[], K, number>, key: K, timestamp: number): V[] | undefined {
    batch.push(value)
    if (batch.length < this.#size) return batch
    output.emit(batch, key, timestamp)
    return undefined
  }

  onEpoch(epoch: number, batches: KeyedState<K, V[]>, output: Output<V[], K, number>): void {
    for (const [key, batch] of batches) {
      output.emit(batch, key, epoch)
      batches.delete(key)
    }
  }
}

const upTo = (end: number) => fromIterable(Array.from({ length: end }, (_, n) => n))

describe('statefulOp', () => {
  inBothForms('keeps a state per key, and forgets it where onData returns undefined', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow
        .source('n', upTo(101))
        .keyLocal('one', () => 0)
        .statefulOp('batch', new Batching<number, number>(5)),
    }))
    expect(out.records).toHaveLength(21)
    expect(out.records[0]).toEqual({ key: 0, value: [0, 1, 2, 3, 4], timestamp: 4 })
    expect(out.records[19]).toEqual({ key: 0, value: [95, 96, 97, 98, 99], timestamp: 99 })
    expect(out.records[20]).toEqual({ key: 0, value: [100], timestamp: Number.POSITIVE_INFINITY })
  })

  inBothForms('emits in onEpoch before the epoch is forwarded, in the order in which the keys were first seen', async (collect) => {
    const { out, status } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable([3, 1, 2, 1, 3, 4]))
        .keyLocal('itself', (n) => n)
        .generateEpochs('every third', (_n, timestamp) => (timestamp % 3 === 2 ? timestamp : undefined))
        .onTime.process('batch', new Batching<number, number>(10)),
    }))
    expect(out.events).toEqual([[3], [1], [2], 'E2', [1], [3], [4], 'E5', 'EInfinity'])
    expect(out.records.map(({ key }) => key)).toEqual([3, 1, 2, 1, 3, 4])
    expect(status.operators.find(({ operator }) => operator === 'batch')?.keys).toBe(0)
  })

  inBothForms('lets onEpoch read, set and delete states, also while it iterates', async (collect) => {
    const seen: unknown[] = []
    const logic: StatefulLogic<number, number, never, number, string> = {
      init: (key) => `new ${key}`,
      onData: (_value, state) => state,
      onEpoch(epoch, states) {
        if (epoch !== Number.POSITIVE_INFINITY) return
        seen.push(states.size, states.get(1), states.get(99))
        for (const [key, state] of states) {
          seen.push([key, state])
          if (key === 1) {
            // Deletes the one it stands on, the next one, and one that it has passed.
            for (const gone of [1, 2, 0]) seen.push(states.delete(gone))
            seen.push(states.delete(2))
          }
        }
        states.set(7, 'set')
        states.set(3, 'replaced')
        seen.push([...states], states.size)
      },
    }
    await collect((flow) => ({
      out: flow
        .source('n', upTo(5))
        .keyLocal('itself', (n) => n)
        .statefulOp('look', logic),
    }))
    expect(seen).toEqual([
      5,
      'new 1',
      undefined,
      [0, 'new 0'],
      [1, 'new 1'],
      true,
      true,
      true,
      false,
      [3, 'new 3'],
      [4, 'new 4'],
      [
        [3, 'replaced'],
        [4, 'new 4'],
        [7, 'set'],
      ],
      3,
    ])
  })

  inBothForms('goes on with the state that onEpoch has set', async (collect) => {
    const logic: StatefulLogic<string, number, number, number, number> = {
      init: () => 0,
      onData(value, sum, output, key, timestamp) {
        output.emit(sum + value, key, timestamp)
        return sum + value
      },
      onEpoch(_epoch, states) {
        for (const [key, sum] of states) states.set(key, sum * 10)
      },
    }
    const { out } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable([1, 2, 3]))
        .keyLocal('all', () => 'all')
        .generateEpochs('each', (_n, timestamp) => timestamp)
        .onTime.statefulOp('sum', logic),
    }))
    expect(out.values).toEqual([1, 12, 123])
  })

  inBothForms('needs no onEpoch, and may emit several records for one', async (collect) => {
    const { out } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable(['a', 'b']))
        .keyLocal('all', () => 'all')
        .process('twice', {
          init: () => 0,
          onData(value, count: number, output: Output<string, string, number>, key, timestamp) {
            output.emit(`${value}${count}`, key, timestamp)
            output.emit(`${value}${count + 1}`, key, timestamp)
            return count + 2
          },
        }),
    }))
    expect(out.values).toEqual(['a0', 'a1', 'b2', 'b3'])
  })
})
