import { checkOptionNames, hashKey, type Key, type PartitionContext, type Sink } from '@malstrom/core'
import { check, isCount } from '../server/http-error.ts'
import type { WebhookChance, WebhookPosition, WebhookSinkOptions } from './webhook-options.ts'
import { WebhookPartition } from './webhook-partition.ts'
import { webhookTarget } from './webhook-target.ts'

const OWNER = 'webhookSink'
const OPTIONS = [
  ...['url', 'method', 'headers', 'encode', 'batch', 'lanes', 'timeoutMs', 'retryForMs', 'onRejected', 'bufferBytesMax'],
] as const

/**
 * Sends each record to a URL, at least once. Requests are sent again after network errors, timeouts and the answers 408, 425, 429 and
 * 5xx, with growing pauses, or after the time that `Retry-After` names.
 *
 * Every request has an `Idempotency-Key`, the same whenever it is sent again: a digest of the job, the sink, the lane, the
 * number of its first record in the lane and its body. After a restart it is the same if the records come in the same order.
 *
 * @throws MalstromError `ERR_OPERATOR_ARGUMENT`; while the job runs `ERR_HTTP`, `ERR_RECORD_INVALID`
 */
export function webhookSink<V, K = unknown, T = unknown>(options: WebhookSinkOptions<V, K, T>): Sink<V, K, T, number, WebhookPosition> {
  return webhookSinkOver(options, { clockMs: Date.now, random: Math.random })
}

export function webhookSinkOver<V, K, T>(
  options: WebhookSinkOptions<V, K, T>,
  chance: WebhookChance,
): Sink<V, K, T, number, WebhookPosition> {
  checkOptionNames(OWNER, options, OPTIONS)
  const { method = 'POST', encode = (value: V) => value, batch, lanes = 8, onRejected = 'fail' } = options
  const { timeoutMs = 10_000, retryForMs = 60_000, bufferBytesMax = 1024 * 1024 } = options
  check(OWNER, ['POST', 'PUT', 'PATCH'].includes(method), "method: 'POST', 'PUT' or 'PATCH'")
  check(OWNER, typeof encode === 'function', 'encode: a function')
  for (const [name, count] of Object.entries({ lanes, timeoutMs, retryForMs, bufferBytesMax })) {
    check(OWNER, isCount(count), `${name}: a whole number above 0`)
  }
  check(OWNER, typeof onRejected === 'function' || ['fail', 'skip'].includes(onRejected), "onRejected: 'fail', 'skip' or a function")
  if (batch !== undefined) {
    checkOptionNames(`${OWNER}: batch`, batch, ['recordsMax', 'delayMs'])
    const { delayMs = 0 } = batch
    check(OWNER, isCount(batch.recordsMax) && Number.isSafeInteger(delayMs) && delayMs >= 0, 'batch: { recordsMax, delayMs }')
  }
  const target = webhookTarget(OWNER, options.url, method, options.headers ?? {})
  return {
    partitionOf: (_value, key) => (key === undefined ? 0 : hashKey(key as Key) % lanes),
    openPartition(lane: number, state: WebhookPosition | undefined, { job, operator, worker }: PartitionContext) {
      return new WebhookPartition<V, K, T>({
        target,
        encode,
        batch,
        timeoutMs,
        retryForMs,
        onRejected,
        bufferBytesMax,
        chance,
        sender: [job, operator, lane],
        sequence: state?.sequence ?? 0,
        context: { operator, worker, partition: lane },
      })
    },
  }
}
