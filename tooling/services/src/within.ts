import { setTimeout as sleep } from 'node:timers/promises'

/** Whether `promise` settled in time. */
export async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  const abort = new AbortController()
  const late = sleep(ms, false, { signal: abort.signal }).catch(() => false)
  const settled = promise.then(
    () => true,
    () => true,
  )
  const inTime = await Promise.race([settled, late])
  abort.abort()
  return inTime
}
