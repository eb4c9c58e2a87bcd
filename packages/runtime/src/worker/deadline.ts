import { MalstromError } from '@malstrom/core'
import type { Environment } from './environment.ts'

/** Waits for `promise`, but not for ever: after `limitMs` it rejects and says what it waited for. */
export function withDeadline<T>(environment: Environment, limitMs: number, what: string, promise: Promise<T> | T): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = environment.after(limitMs, () => {
      reject(new MalstromError('ERR_TIMEOUT', `Waited ${limitMs} ms for ${what}, which did not answer.`, { outcome: 'unknown' }))
    })
    Promise.resolve(promise).then(resolve, reject).finally(cancel)
  })
}
