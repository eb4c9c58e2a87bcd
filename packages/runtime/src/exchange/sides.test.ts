import { numberTime, type TimestampAlgebra } from '@malstrom/core'
import { defineJob, fromIterable } from '@malstrom/operators'
import { describe, expect, it } from 'vitest'
import { planTasks } from '../compile/task-plan.ts'
import { Edge } from './edge.ts'
import { HeldRecords } from './held-records.ts'

const joinOf = (sides: 'left is a union' | 'right is a union') =>
  defineJob({
    name: 'sides',
    module: import.meta.url,
    build(flow) {
      const [a, b, c] = ['a', 'b', 'c'].map((name) => flow.source(name, fromIterable([1])).keyDistribute(`${name} keys`, (n) => n))
      if (a === undefined || b === undefined || c === undefined) throw new Error('three streams')
      const joined =
        sides === 'left is a union' ? a.union(b).join('join', c, { ttl: 1 }, () => 1) : a.join('join', b.union(c), { ttl: 1 }, () => 1)
      joined.discard('end')
    },
  }).graph()

describe('the sides of a join', () => {
  it('are known for each of its inputs, whatever streams are unions', () => {
    const sidesOf = (graph: ReturnType<typeof joinOf>) =>
      planTasks(graph)
        .at(-1)
        ?.inputs.map(({ from, side }) => [from.node.name, side])
    expect(sidesOf(joinOf('left is a union'))).toEqual([
      ['a keys', 0],
      ['b keys', 0],
      ['c keys', 1],
    ])
    expect(sidesOf(joinOf('right is a union'))).toEqual([
      ['a keys', 0],
      ['b keys', 1],
      ['c keys', 1],
    ])
  })

  it('of a stream that is joined with itself are two', () => {
    const graph = defineJob({
      name: 'itself',
      module: import.meta.url,
      build(flow) {
        const stream = flow.source('a', fromIterable([1])).keyDistribute('keys', (n) => n)
        stream.join('join', stream, { ttl: 1 }, () => 1).discard('end')
      },
    }).graph()
    expect(
      planTasks(graph)
        .at(-1)
        ?.inputs.map(({ side }) => side),
    ).toEqual([0, 1])
  })

  it('are part of the fingerprint, because state depends on them', () => {
    expect(joinOf('left is a union').fingerprint).not.toBe(joinOf('right is a union').fingerprint)
  })

  it('stand on every frame of an edge', () => {
    const edge = new Edge(true, numberTime as TimestampAlgebra<unknown>, 1)
    edge.push('value', 'key', 5)
    edge.advance(5)
    edge.push('value', 'key', 6)
    edge.close()
    const items = [edge.take(), edge.take(), edge.take()]
    expect(items.map((item) => item !== undefined && 'count' in item && item.side)).toEqual([1, false, 1])
  })

  it('stay with the records that are held during a rescale', () => {
    const held = new HeldRecords()
    held.add(0, 'l0', 'a', 1, 0)
    held.add(0, 'r0', 'a', 2, 1)
    held.add(0, 'r1', 'b', 3, 1)
    held.add(0, 'l1', 'a', 4, 0)
    const released = held.releaseAll(0).map(({ side, values, keys, count, from }) => ({ side, values, keys, count, from }))
    expect(released).toEqual([
      { side: 0, values: ['l0', 'l1'], keys: ['a', 'a'], count: 2, from: 0 },
      { side: 1, values: ['r0', 'r1'], keys: ['a', 'b'], count: 2, from: 0 },
    ])
    expect([held.count, held.has('a')]).toEqual([0, false])
  })
})
