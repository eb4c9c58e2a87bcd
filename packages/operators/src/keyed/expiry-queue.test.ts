import { numberTime } from '@malstrom/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ExpiryQueue } from './expiry-queue.ts'

describe('ExpiryQueue', () => {
  it('gives what is due, earliest first, and nothing else (model test)', () => {
    const action = fc.oneof(
      { weight: 3, arbitrary: fc.record({ push: fc.integer({ min: 0, max: 30 }) }) },
      fc.record({ popTo: fc.integer({ min: 0, max: 30 }) }),
    )
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const queue = new ExpiryQueue<{ due: number }, number>(numberTime)
        let model: number[] = []
        for (const step of actions) {
          if ('push' in step) {
            queue.push(step.push, { due: step.push })
            model.push(step.push)
          } else {
            const popped: number[] = []
            for (let item = queue.popDue(step.popTo); item !== undefined; item = queue.popDue(step.popTo)) popped.push(item.due)
            expect(popped).toEqual(model.filter((due) => due <= step.popTo).sort((a, b) => a - b))
            model = model.filter((due) => due > step.popTo)
          }
          expect(queue.size).toBe(model.length)
        }
      }),
    )
  })

  it('keeps nothing of what has left, while it never becomes empty', () => {
    const queue = new ExpiryQueue<{ due: number }, number>(numberTime)
    const left: number[] = []
    for (let due = 0; due < 20_000; due++) {
      // Every seventh comes before the others.
      queue.push(due % 7 === 0 ? due - 10 : due, { due })
      expect(queue.earliest).toBeLessThanOrEqual(due)
      if (due >= 50) for (let item = queue.popDue(due - 50); item !== undefined; item = queue.popDue(due - 50)) left.push(item.due)
    }
    expect(queue.size).toBe(20_000 - left.length)
    expect(queue.size).toBeLessThan(70)
    expect(new Set(left).size).toBe(left.length)
  })
})
