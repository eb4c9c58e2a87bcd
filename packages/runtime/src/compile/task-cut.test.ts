import type { StatefulLogic } from '@malstrom/core'
import { fromIterable, limitOutOfOrderness } from '@malstrom/operators'
import { inBothForms } from '@malstrom/testing'
import { describe, expect } from 'vitest'
import { TASK_OPERATORS_MAX } from './task-plan.ts'

/** Collects values until an epoch: what comes out shows where the epochs were. */
const perEpoch: StatefulLogic<string, number, number[], number, number[]> = {
  init: () => [],
  onData: (value, batch) => [...batch, value],
  onEpoch(epoch, batches, output) {
    for (const [key, batch] of batches) {
      output.emit(batch, key, epoch)
      batches.delete(key)
    }
  },
}

describe('a cut between two tasks', () => {
  inBothForms('leaves every epoch where it was among the records', async (collect) => {
    const { whole, cut } = await collect((flow) => {
      const { onTime } = flow.source('n', fromIterable([1, 2, 3, 4])).generateEpochs('epochs', limitOutOfOrderness(0))
      let stream = onTime.keyLocal('key', () => 'all')
      for (let n = 0; n <= TASK_OPERATORS_MAX; n++) stream = stream.map(`map ${n}`, (value) => value)
      const whole = onTime.keyLocal('whole key', () => 'all').statefulOp('per epoch', perEpoch)
      const cut = stream.statefulOp('cut per epoch', perEpoch)
      return { whole, cut }
    })
    expect(whole.values).toEqual([[1], [2], [3], [4]])
    expect(cut.events).toEqual(whole.events)
  })
})
