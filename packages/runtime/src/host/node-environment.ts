import type { Environment } from '../worker/environment.ts'

/** Time and scheduling of this Node process. */
export const nodeEnvironment: Environment = {
  nowMs: () => performance.now(),
  dateMs: () => Date.now(),
  soon: (callback) => {
    setImmediate(callback)
  },
  after: (delayMs, callback) => {
    // What keeps the process alive is the job, not a wait that has become pointless.
    const timer = setTimeout(callback, delayMs).unref()
    return () => clearTimeout(timer)
  },
}

/** Keeps the process alive until the result is called, also while a job waits for nothing but a promise. */
export function keepProcessAlive(): () => void {
  const timer = setInterval(() => {}, 2 ** 31 - 1)
  return () => clearInterval(timer)
}
