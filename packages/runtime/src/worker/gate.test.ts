import { describe, expect, it } from 'vitest'
import { Gate } from './gate.ts'

describe('Gate', () => {
  it('is closed until everything that closed it has opened it again', () => {
    let opened = 0
    const gate = new Gate(() => opened++)
    gate.close()
    gate.close()
    gate.open()
    expect([gate.closed, opened]).toEqual([true, 0])
    gate.open()
    expect([gate.closed, opened]).toEqual([false, 1])
  })
})
