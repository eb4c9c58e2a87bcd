import { describe, expect, it } from 'vitest'
import { TaskFunctions } from './task-functions.ts'

const OTHER_TEXTS = 2_000

describe('functions of tasks that are shared', () => {
  it('are made once for each text and list of names', () => {
    const functions = new TaskFunctions()
    const sum = functions.factoryOf(['a', 'b'], 'return a + b')
    expect(functions.factoryOf(['a', 'b'], 'return a + b')).toBe(sum)
    expect(functions.factoryOf(['b', 'a'], 'return a + b')).not.toBe(sum)
    expect(functions.factoryOf(['a', 'b'], 'return a - b')(5, 2)).toBe(3)
    expect(sum(5, 2)).toBe(7)
  })

  it('keep nothing of what a task is made with', () => {
    const functions = new TaskFunctions()
    const make = () => functions.factoryOf(['step'], 'let count = 0\nreturn () => (count += step)')
    const ones = make()(1) as () => number
    const tens = make()(10) as () => number
    expect([ones(), tens(), ones(), tens()]).toEqual([1, 10, 2, 20])
  })

  it('are forgotten when there are too many, and made again', () => {
    const functions = new TaskFunctions()
    const first = functions.factoryOf([], 'return "first"')
    for (let text = 0; text < OTHER_TEXTS; text++) functions.factoryOf([], `return ${text}`)
    const again = functions.factoryOf([], 'return "first"')
    expect(again).not.toBe(first)
    expect(again()).toBe('first')
  })
})
