import { checkOptionNames, MalstromError, numberTime, type Source, type SourceContext } from '@malstrom/core'
import { bearerCheck } from '../server/bearer-token.ts'
import { check, isCount } from '../server/http-error.ts'
import { SERVER_OPTIONS, serverSettings } from '../server/server-options.ts'
import { openHttpPartition } from './http-partition.ts'
import type { HttpPosition, HttpSourceOptions, HttpSourceSettings } from './http-source-options.ts'

const OWNER = 'httpSource'
const OPTIONS = ['decode', 'durable', 'token', 'bodyBytesMax', 'queuedRecordsMax', 'queuedBytesMax', 'idempotencyKeysMax']
const SEGMENT_BYTES = 16 * 1024 * 1024
const PARTITION = 'requests'

/**
 * Takes records that are POSTed to it: one JSON value, an array of them, or one for each line (NDJSON). It has one partition, so
 * one worker listens; after a rescaling it may be another one.
 *
 * A request is taken whole or not at all: 202 with `{"accepted": n}`; 400 if it cannot be decoded, 401 without the token, 403 from foreign web
 * pages, 413 if it is too large, 415 if it is no JSON, 429 with `Retry-After` while the job cannot keep up, 503 while the source closes. A
 * repeated `Idempotency-Key` is answered like the first time, and its records are not taken again.
 *
 * @throws MalstromError `ERR_OPERATOR_ARGUMENT`; while the job runs `ERR_ADDRESS_IN_USE`, `ERR_ADDRESS_INVALID`, and with `durable`
 *   `ERR_FILE`, `ERR_DATA_CORRUPT`
 */
export function httpSource<V>(options: HttpSourceOptions<V>): Source<V, number, string, HttpPosition> {
  return httpSourceOver(options, Date.now)
}

/** With another clock, and segments of another size. */
export function httpSourceOver<V>(
  options: HttpSourceOptions<V>,
  clockMs: () => number,
  segmentBytes = SEGMENT_BYTES,
): Source<V, number, string, HttpPosition> {
  const settings = settingsOf(options, clockMs, segmentBytes)
  return {
    time: numberTime,
    listPartitions: () => [PARTITION],
    openPartition: (partition: string, state: HttpPosition | undefined, context: SourceContext) =>
      openHttpPartition(settings, state?.position, { operator: context.operator, worker: context.worker, partition }),
  }
}

function settingsOf<V>(options: HttpSourceOptions<V>, clockMs: () => number, segmentBytes: number): HttpSourceSettings<V> {
  checkOptionNames(OWNER, options, [...OPTIONS, ...SERVER_OPTIONS])
  const { decode, durable, token, bodyBytesMax = 1024 * 1024, queuedRecordsMax = 10_000, queuedBytesMax = 16 * 1024 * 1024 } = options
  const { idempotencyKeysMax = 10_000 } = options
  const server = serverSettings(OWNER, options)
  check(OWNER, typeof decode === 'function', 'decode: a function that makes a record of a JSON value')
  check(OWNER, token === undefined || (typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)), 'a token of visible ASCII characters')
  for (const [name, count] of Object.entries({ bodyBytesMax, queuedRecordsMax, queuedBytesMax, idempotencyKeysMax })) {
    check(OWNER, isCount(count), `${name}: a whole number above 0`)
  }
  check(OWNER, bodyBytesMax <= queuedBytesMax, 'a bodyBytesMax of at most queuedBytesMax, or the largest request would never fit')
  if (durable !== undefined) {
    checkOptionNames(`${OWNER}: durable`, durable, ['directory', 'bytesMax'])
    check(OWNER, typeof durable.directory === 'string' && durable.directory !== '', 'durable: { directory }, the path of a folder')
    const { bytesMax = 1024 ** 3 } = durable
    if (!isCount(bytesMax) || bytesMax < 2 * segmentBytes) {
      const least = `durable.bytesMax of at least ${2 * segmentBytes}: a log is deleted in segments of half of that`
      throw new MalstromError('ERR_OPERATOR_ARGUMENT', `${OWNER} needs a ${least}.`)
    }
  }
  return {
    server,
    decode,
    isAuthorized: bearerCheck(token),
    bodyBytesMax,
    queuedRecordsMax,
    queuedBytesMax,
    idempotencyKeysMax,
    log: durable && { directory: durable.directory, segmentBytes, bytesMax: durable.bytesMax ?? 1024 ** 3 },
    clockMs,
  }
}
