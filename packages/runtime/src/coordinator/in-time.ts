import type { Environment } from '../worker/environment.ts'

/** `undefined` if there was no result in time. Of what fails later, nobody hears from here. */
export function inTime<T>(environment: Environment, timeoutMs: number, promise: Promise<T>): Promise<T | undefined> {
  if (!Number.isFinite(timeoutMs)) return promise
  return new Promise((resolve, reject) => {
    const cancel = environment.after(timeoutMs, () => resolve(undefined))
    promise.then(resolve, reject).finally(cancel)
  })
}
