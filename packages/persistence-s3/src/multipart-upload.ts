import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import type { ETag } from '@malstrom/core'
import { isOurs, lookAt } from './conditional-put.ts'
import { failureOf, storeError } from './s3-error.ts'
import { etagOf, type S3Requests } from './s3-requests.ts'

/** What S3 allows an upload to have. */
const PARTS_MAX = 10_000

/** Parts of one upload that are under way at once. */
const PARTS_AT_ONCE = 4

/** Writes an object in parts; what was uploaded is thrown away if that fails. */
export async function multipartUpload(requests: S3Requests, key: string, body: Buffer): Promise<ETag> {
  const { client, location } = requests
  const task = `write "${key}"`
  const object = { Bucket: location.bucket, Key: key }
  const upload = await requests.repeated(task, (abortSignal) => client.send(new CreateMultipartUploadCommand(object), { abortSignal }))
  const target = { ...object, UploadId: upload.UploadId }
  try {
    const parts = await uploadParts(requests, target, task, body)
    return await complete(requests, target, parts, body)
  } catch (error) {
    const abort = requests.once((abortSignal) => client.send(new AbortMultipartUploadCommand(target), { abortSignal }))
    await abort.catch(() => {}) // The store may be gone altogether; a lifecycle rule of the bucket removes what is left.
    throw error
  }
}

interface Target {
  readonly Bucket: string
  readonly Key: string
  readonly UploadId: string | undefined
}

async function uploadParts(requests: S3Requests, target: Target, task: string, body: Buffer): Promise<CompletedPart[]> {
  const partBytes = Math.max(requests.location.partBytes, Math.ceil(body.length / PARTS_MAX))
  const parts: CompletedPart[] = []
  const count = Math.ceil(body.length / partBytes)
  let next = 0
  let failed = false
  const uploader = async () => {
    while (next < count && !failed) {
      const index = next++
      const part = body.subarray(index * partBytes, (index + 1) * partBytes)
      const input = { ...target, PartNumber: index + 1, Body: part }
      try {
        const send = async (abortSignal: AbortSignal) =>
          etagOf((await requests.client.send(new UploadPartCommand(input), { abortSignal })).ETag)
        parts[index] = { ETag: await requests.repeated(task, send, part.length), PartNumber: index + 1 }
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const results = await Promise.allSettled(Array.from({ length: PARTS_AT_ONCE }, uploader))
  for (const result of results) if (result.status === 'rejected') throw result.reason
  return parts
}

/** Makes the parts an object. When the answer is lost the upload is gone, and the token tells whose object is there. */
async function complete(requests: S3Requests, target: Target, parts: CompletedPart[], body: Buffer): Promise<ETag> {
  const { client, location } = requests
  const command = () => new CompleteMultipartUploadCommand({ ...target, MultipartUpload: { Parts: parts } })
  for (let attempt = 1; ; attempt++) {
    try {
      return etagOf((await requests.once((abortSignal) => client.send(command(), { abortSignal }))).ETag)
    } catch (error) {
      const found = await lookAt(requests, target.Key, true)
      if (found !== undefined && isOurs(found, body)) return found.etag
      const refused = failureOf(error) === 'refused'
      const outcome = refused && attempt === 1 ? 'failed' : 'unknown'
      if (refused || attempt >= location.attemptsMax) throw storeError(location, `complete "${target.Key}"`, error, outcome)
      await requests.pause(attempt)
    }
  }
}
