import { setTimeout as sleep } from 'node:timers/promises'
import { isRetriable } from './kafka-error.ts'

const FIRST_PAUSE_MS = 20
const PAUSE_MAX_MS = 1_000

/**
 * Calls `attempt` until it succeeds, fails for good, or has been failing for `patienceMs`, with pauses that
 * double. For requests that may be repeated. Rejects as the last attempt did.
 */
export async function retrying<T>(patienceMs: number, signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + patienceMs
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, PAUSE_MAX_MS)) {
    try {
      return await attempt()
    } catch (thrown) {
      if (!isRetriable(thrown) || signal.aborted || Date.now() + pauseMs > deadline) throw thrown
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
  }
}
