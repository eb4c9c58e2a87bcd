import type { OperatorNode, SinkNode } from '@malstrom/core'
import { MalstromError } from '@malstrom/core'
import { describe, expect, it } from 'vitest'
import { attribute, show } from './failure.ts'

// As much of a node as an error tells.
const operator = { role: 'operator', kind: 'map', name: 'double', location: 'job.ts:12' } as OperatorNode
const sink = { role: 'sink', kind: 'sink', name: 'out', location: undefined } as unknown as SinkNode

describe('attribute', () => {
  it('says which operator failed, where it is in the code, at which key and timestamp, and why', () => {
    const cause = new Error('no such account')
    const error = attribute(cause, operator, 'balances', ['x', 1], 5)
    expect(error.message).toBe('Operator (map) "double" (job.ts:12) failed at key ["x", 1], timestamp 5: no such account')
    expect(error).toMatchObject({ code: 'ERR_OPERATOR_FAILED', cause, outcome: 'failed' })
    expect(error.context).toEqual({ job: 'balances', operator: 'double', key: ['x', 1], timestamp: 5 })
  })

  it('leaves out what is not there', () => {
    expect(attribute(new Error('no'), sink, 'j').message).toBe('Sink "out" failed: no')
    expect(attribute(new Error('no'), sink, 'j', undefined, new Date(0)).message).toBe(
      'Sink "out" failed at timestamp 1970-01-01T00:00:00.000Z: no',
    )
  })

  it('keeps the code, the context and the outcome of a MalstromError', () => {
    const thrown = new MalstromError('ERR_TIMEOUT', 'too slow', { outcome: 'unknown', context: { path: '/x' } })
    expect(attribute(thrown, sink, 'j')).toMatchObject({
      code: 'ERR_TIMEOUT',
      outcome: 'unknown',
      context: { path: '/x', operator: 'out' },
    })
  })

  it('names the innermost operator only', () => {
    const inner = attribute(new Error('no'), sink, 'j')
    expect(attribute(inner, operator, 'j', 'k', 1)).toBe(inner)
  })

  it('tells what was thrown, whatever it is', () => {
    for (const [thrown, text] of [
      ['a string', 'a string'],
      [undefined, 'undefined'],
      [42, '42'],
      [Object.create(null), 'something that has no text'],
    ] as const) {
      expect(attribute(thrown, sink, 'j').message).toBe(`Sink "out" failed: ${text}`)
    }
  })
})

describe('show', () => {
  it('is short and tells types apart', () => {
    expect([show('1'), show(1), show(true), show(['a', 1]), show(new Date(Number.NaN)), show({}), show(Object.create(null))]).toEqual([
      '"1"',
      '1',
      'true',
      '["a", 1]',
      'Invalid Date',
      'Object',
      'object',
    ])
    expect(show('x'.repeat(1_000))).toHaveLength(83)
  })
})
