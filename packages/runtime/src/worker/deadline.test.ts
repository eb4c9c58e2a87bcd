import { VirtualEnvironment } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'
import { withDeadline } from './deadline.ts'

describe('withDeadline', () => {
  it('settles as the promise does, and leaves no timer behind', async () => {
    const environment = new VirtualEnvironment()
    await expect(withDeadline(environment, 10, 'it', Promise.resolve(5))).resolves.toBe(5)
    await expect(withDeadline(environment, 10, 'it', 6)).resolves.toBe(6)
    await expect(withDeadline(environment, 10, 'it', Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(environment.timers).toBe(0)
  })

  it('rejects after the limit, and says what it waited for and that it may still happen', async () => {
    const environment = new VirtualEnvironment()
    const waiting = withDeadline(environment, 10, 'sink "x" to open', new Promise(() => {}))
    const outcome = expect(waiting).rejects.toMatchObject({
      code: 'ERR_TIMEOUT',
      outcome: 'unknown',
      message: 'Waited 10 ms for sink "x" to open, which did not answer.',
    })
    await environment.advance(10)
    await outcome
  })
})
