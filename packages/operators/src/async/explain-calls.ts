import type { OperatorWait } from '@malstrom/core'
import { timestampText } from '../time/kept-back.ts'
import type { AsyncSettings } from './async-options.ts'
import type { PendingCall } from './pending-calls.ts'

/** What the calls of one worker wait for, which are given in the order of their records. */
export function explainCalls(calls: Iterable<PendingCall>, settings: AsyncSettings, nowMs: number): readonly OperatorWait[] {
  let [running, resting, settled, queued] = [0, 0, 0, 0]
  let oldest: PendingCall | undefined
  let againAt = Number.POSITIVE_INFINITY
  for (const call of calls) {
    if (call.state === 'queued') queued++
    else if (call.state === 'resting') {
      resting++
      againAt = Math.min(againAt, call.dueAt)
    } else if (call.state === 'running') {
      running++
      if (oldest === undefined || call.dueAt < oldest.dueAt) oldest = call
    } else settled++
  }
  const waits: OperatorWait[] = [
    { waitsFor: 'time', what: 'records whose calls have failed and are made again', count: resting, until: againAt },
    { waitsFor: 'answer', what: 'results behind those that are not there yet', count: settled },
    { waitsFor: 'answer', what: 'records for which there is no room among the calls under way', count: queued },
  ]
  if (oldest === undefined) return waits
  // All calls may take equally long, so the one that is due first was made first.
  const forMs = nowMs - (oldest.dueAt - settings.timeoutMs)
  const about = `at timestamp ${timestampText(oldest.timestamp)}, for ${forMs} ms, attempt ${oldest.attempt}`
  return [{ waitsFor: 'answer', what: `calls under way, the oldest ${about}`, count: running }, ...waits]
}
