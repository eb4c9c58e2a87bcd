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
})
