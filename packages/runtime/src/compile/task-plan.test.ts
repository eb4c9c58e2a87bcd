import type { GraphNode } from '@malstrom/core'
import { defineJob, discard, type Flow, fromIterable, type Stream } from '@malstrom/operators'
import { describe, expect, it } from 'vitest'
import { planTasks, TASK_OPERATORS_MAX, type TaskPlan } from './task-plan.ts'

function planOf(build: (flow: Flow) => void): TaskPlan[] {
  return planTasks(defineJob({ name: 'plan', module: import.meta.url, build: (flow) => build(flow) }).graph())
}

const names = (nodes: readonly GraphNode[]) => nodes.map(({ name }) => name)

function chain(stream: Stream<number, number>, length: number): Stream<number, number> {
  let end = stream
  for (let n = 0; n < length; n++) end = end.map(`map ${n}`, (value) => value)
  return end
}

describe('planTasks', () => {
  it('makes one task of a chain', () => {
    const [task, ...others] = planOf((flow) => {
      flow
        .source('n', fromIterable([1]))
        .map('map', (n) => n)
        .discard('end')
    })
    expect(others).toEqual([])
    expect(names(task?.nodes ?? [])).toEqual(['n', 'map', 'end'])
    expect([task?.inputs, task?.outputs]).toEqual([[], []])
  })

  it('makes one task of a tree', () => {
    const tasks = planOf((flow) => {
      const [a, b] = flow.source('n', fromIterable([1])).cloned('two', 2)
      a.discard('end of a')
      b.sink('end of b', discard())
    })
    expect(tasks.map(({ nodes }) => names(nodes))).toEqual([['n', 'two', 'end of a', 'end of b']])
  })

  it('cuts in front of a union, which several edges feed', () => {
    const tasks = planOf((flow) => {
      const a = flow.source('a', fromIterable([1]))
      const b = flow.source('b', fromIterable([2]))
      a.union(b, a)
        .map('both', (n) => n)
        .discard('end')
    })
    expect(tasks.map(({ nodes }) => names(nodes))).toEqual([['a'], ['b'], ['both', 'end']])
    expect(tasks.map(({ inputs, outputs }) => [inputs.length, outputs.length])).toEqual([
      [0, 2],
      [0, 1],
      [3, 0],
    ])
  })

  it('cuts a chain that is too long for one function', () => {
    const tasks = planOf((flow) => chain(flow.source('n', fromIterable([1])), 300).discard('end'))
    expect(tasks.length).toBe(Math.ceil(302 / TASK_OPERATORS_MAX))
    expect(tasks.flatMap(({ nodes }) => names(nodes))).toEqual(['n', ...Array.from({ length: 300 }, (_, n) => `map ${n}`), 'end'])
    for (const { nodes } of tasks) expect(nodes.length).toBeLessThanOrEqual(TASK_OPERATORS_MAX)
  })

  it('gives tasks in an order in which every task follows those that feed it', () => {
    const tasks = planOf((flow) => {
      const a = flow.source('a', fromIterable([1]))
      const first = a.union(a).map('first', (n) => n)
      const second = first.union(flow.source('b', fromIterable([2])), a).map('second', (n) => n)
      second.union(first, second).discard('end')
    })
    const seen = new Set<unknown>()
    for (const { inputs, outputs } of tasks) {
      for (const input of inputs) expect(seen.has(input)).toBe(true)
      for (const output of outputs) seen.add(output)
    }
    expect(tasks.flatMap(({ nodes }) => names(nodes)).sort()).toEqual(['a', 'b', 'end', 'first', 'second'])
  })
})
