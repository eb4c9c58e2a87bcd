import { fromIterable, type KeyedStream, type Stream } from '@malstrom/operators'
import { inBothForms } from '@malstrom/testing'
import { describe, expect } from 'vitest'

describe('pipe', () => {
  inBothForms('applies a function of streams, whatever that returns', async (collect) => {
    const double = (name: string) => (stream: Stream<number, number>) => stream.map(name, (n) => n * 2)
    const count =
      (name: string) =>
      <K, V, T>(stream: KeyedStream<K, V, T>) =>
        stream.fold(
          name,
          () => 0,
          (sum) => sum + 1,
        )
    const ends: string[] = []
    const { out } = await collect((flow) => ({
      out: flow
        .source('n', fromIterable([1, 1, 2]))
        .pipe(double('double'))
        .keyLocal('itself', (n) => n)
        .pipe((stream) => {
          stream.discard('end')
          ends.push('ended')
          return stream
        })
        .pipe(count('count')),
    }))
    expect(out.records.map(({ key, value }) => [key, value])).toEqual([
      [2, 1],
      [2, 2],
      [4, 1],
    ])
    expect(ends).toEqual(['ended'])
  })
})
