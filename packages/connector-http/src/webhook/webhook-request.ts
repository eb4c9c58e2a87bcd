import { messageOf } from '@malstrom/core'
import type { WebhookTarget } from './webhook-target.ts'

/** What became of one attempt. */
export type Attempt =
  | { readonly outcome: 'done' }
  | { readonly outcome: 'rejected'; readonly status: number }
  | { readonly outcome: 'again'; readonly reason: string; readonly afterMs: number | undefined }

const AGAIN = [408, 425, 429]

/** Sends a request once. Never rejects, but when `signal` is aborted. */
export async function attempt(
  { url, method, headers }: WebhookTarget,
  body: string,
  key: string,
  timeoutMs: number,
  nowMs: number,
  signal: AbortSignal,
): Promise<Attempt> {
  signal.throwIfAborted()
  // A signal made with AbortSignal.any would stay with the long-lived one for as long as the job runs.
  const controller = new AbortController()
  const abort = () => controller.abort()
  const timer = setTimeout(abort, timeoutMs)
  signal.addEventListener('abort', abort, { once: true })
  try {
    const response = await fetch(url, {
      method,
      headers: { ...headers, 'content-type': 'application/json', 'idempotency-key': key },
      body,
      redirect: 'manual', // Credentials would be sent to another address.
      signal: controller.signal,
    })
    const { status } = response
    await response.body?.cancel()
    if (status >= 200 && status < 300) return { outcome: 'done' }
    if (status < 500 && !AGAIN.includes(status)) return { outcome: 'rejected', status }
    return { outcome: 'again', reason: `it answers ${status}`, afterMs: retryAfterMs(response.headers.get('retry-after'), nowMs) }
  } catch (thrown) {
    signal.throwIfAborted()
    const reason = controller.signal.aborted ? `it does not answer within ${timeoutMs} ms` : reasonOf(thrown)
    return { outcome: 'again', reason, afterMs: undefined }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  }
}

/** Seconds, or a date. */
function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - nowMs
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}

/** `fetch` hides what happened behind "fetch failed". */
function reasonOf(thrown: unknown): string {
  const { cause } = thrown as { cause?: { code?: unknown } }
  return typeof cause?.code === 'string' ? cause.code : messageOf(cause ?? thrown)
}
