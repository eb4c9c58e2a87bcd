import { type ETag, MalstromError } from '@malstrom/core'
import { TRAILER_BYTES, TRAILER_RANGE } from './object-trailer.ts'
import { failureOf, storeError, wasRepeated } from './s3-error.ts'
import type { ReadObject, S3Requests } from './s3-requests.ts'

/**
 * Compare-and-set in one object. When no answer comes to a write, it may have happened, may happen later, or never:
 *
 *     put -> 2xx                          ours
 *     put -> 412                          read the token: ours (something on the way sent it twice), or a conflict
 *     put -> time-out, 5xx, broken        read the token: ours, or
 *                                           still as expected: put again, under the same condition; only one of the two can succeed
 *                                           something else: unknown, for it may have been written over ours
 *     put -> 409, not connected           it did not happen: put again
 *
 * @throws MalstromError `ERR_STORE_CONFLICT` only if nothing was changed; `ERR_STORE` with an outcome otherwise
 */
export async function conditionalPut(requests: S3Requests, key: string, body: Buffer, expected: ETag | 'absent'): Promise<ETag> {
  const { location } = requests
  const task = `write "${key}"`
  const condition = expected === 'absent' ? { IfNoneMatch: '*' } : { IfMatch: expected }
  let uncertain = false
  for (let attempt = 1; ; attempt++) {
    try {
      return await requests.putOnce(key, body, condition)
    } catch (error) {
      const failure = failureOf(error)
      uncertain ||= failure === 'unknown' || wasRepeated(error)
      // Without a bucket, or at an address that is no S3, nothing is found either.
      const refused = failure === 'refused' || (failure === 'missing' && expected === 'absent')
      if (refused) throw storeError(location, task, error, uncertain ? 'unknown' : 'failed')
      if (failure !== 'busy') {
        const found = await lookAt(requests, key, uncertain)
        if (found !== undefined && isOurs(found, body)) return found.etag
        const asExpected = (found?.etag ?? 'absent') === expected
        if (failure !== 'unknown' && !uncertain) throw conflictError(key)
        if (!asExpected) throw overtakenError(location.name, key)
      }
      if (attempt >= location.attemptsMax) throw storeError(location, task, error, uncertain ? 'unknown' : 'failed')
      await requests.pause(attempt)
    }
  }
}

/** The end of what is there, after a write whose answer says too little. */
export async function lookAt(requests: S3Requests, key: string, uncertain: boolean): Promise<ReadObject | undefined> {
  try {
    return await requests.get(`find out whether "${key}" was written`, key, TRAILER_RANGE)
  } catch (error) {
    // The condition did not hold, and only one request was sent: that is certain without looking.
    if (!uncertain) throw conflictError(key)
    const { message, cause, context } = error as MalstromError
    throw new MalstromError('ERR_STORE', message, { cause, context, outcome: 'unknown' })
  }
}

/** Whether what is there is what this write has written. */
export function isOurs(found: ReadObject, body: Buffer): boolean {
  return found.body.equals(body.subarray(-TRAILER_BYTES))
}

function conflictError(key: string): MalstromError {
  return new MalstromError(
    'ERR_STORE_CONFLICT',
    `The object "${key}" is not as expected: somebody else has written it. Nothing was changed.`,
  )
}

function overtakenError(where: string, key: string): MalstromError {
  return new MalstromError(
    'ERR_STORE',
    `The answer to a write of "${key}" in ${where} was lost, and somebody else has written it since. Read it and decide anew.`,
    { context: { path: where }, outcome: 'unknown' },
  )
}
