import { describe, expect, it } from 'vitest'
import { assert, MalstromError, messageOf } from './error.ts'

describe('MalstromError', () => {
  it('is an Error that carries a code, its context and its cause', () => {
    const cause = new Error('disk full')
    const error = new MalstromError('ERR_SINK_FAILED', 'Sink "out" failed.', {
      cause,
      context: { operator: 'out', worker: 2 },
      outcome: 'unknown',
    })
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({
      name: 'MalstromError',
      code: 'ERR_SINK_FAILED',
      message: 'Sink "out" failed.',
      context: { operator: 'out', worker: 2 },
      outcome: 'unknown',
    })
    expect(error.cause).toBe(cause)
    expect(String(error)).toBe('MalstromError: Sink "out" failed.')
  })

  it('has no context, no cause and did not happen unless it is told otherwise', () => {
    const error = new MalstromError('ERR_TIMEOUT', 'Too late.')
    expect(error.context).toEqual({})
    expect(error.outcome).toBe('failed')
    expect('cause' in error).toBe(false)
  })

  it('keeps a cause that is falsy', () => {
    expect(new MalstromError('ERR_TIMEOUT', 'Too late.', { cause: null }).cause).toBeNull()
  })
})

describe('assert', () => {
  it('passes what is true and stops at what is not', () => {
    expect(() => assert(true, 'fine')).not.toThrow()
    for (const wrong of [false, 0, '', undefined, null]) {
      expect(() => assert(wrong, 'the frontier moved back')).toThrow(
        expect.objectContaining({ code: 'ERR_ASSERTION', message: expect.stringContaining('the frontier moved back') }),
      )
    }
  })
})

describe('messageOf', () => {
  it.each<[unknown, string]>([
    [new Error('broken'), 'broken'],
    [new MalstromError('ERR_TIMEOUT', 'Too late.'), 'Too late.'],
    ['just text', 'just text'],
    [42, '42'],
    [undefined, 'undefined'],
    [null, 'null'],
    [Symbol('s'), 'Symbol(s)'],
    [Object.create(null), 'something that has no text'],
  ])('of %o is a text', (thrown, message) => {
    expect(messageOf(thrown)).toBe(message)
  })
})
