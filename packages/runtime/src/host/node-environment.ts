import type { Environment } from '../worker/environment.ts'

/** Time and scheduling of this Node process. */
export const nodeEnvironment: Environment = {
  nowMs: () => performance.now(),
  soon: (callback) => {
    setImmediate(callback)
  },
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs)
    return () => clearTimeout(timer)
  },
}

/** Keeps the process alive until the result is called, also while a job waits for nothing but a promise. */
export function keepProcessAlive(): () => void {
  const timer = setInterval(() => {}, 2 ** 31 - 1)
  return () => clearInterval(timer)
}
