import { randomUUID } from 'node:crypto'
import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import { MalstromError } from '@malstrom/core'
import { conditionalPut } from './conditional-put.ts'
import { newTrailer } from './object-trailer.ts'
import type { S3Requests } from './s3-requests.ts'

/** What no object has. */
const WRONG_ETAG = '"00000000000000000000000000000000"'

/**
 * Writes an object of its own under conditions that hold and conditions that do not. A store that takes every write, as some do that know
 * S3's requests and not its conditions, would let two starts of a job overwrite each other's snapshots.
 *
 * @throws MalstromError `ERR_STORE`
 */
export async function probeConditions(requests: S3Requests): Promise<void> {
  const { location, client } = requests
  const key = `${location.folder}.malstrom-probe-${randomUUID()}`
  const put = (expected: string) => conditionalPut(requests, key, newTrailer(), expected)
  const etag = await put('absent')
  try {
    if (!(await isRefused(put('absent')))) throw ignoring(location.name, 'If-None-Match')
    if (!(await isRefused(put(WRONG_ETAG)))) throw ignoring(location.name, 'If-Match')
    if (await isRefused(put(etag))) throw ignoring(location.name, 'If-Match')
  } finally {
    const command = new DeleteObjectCommand({ Bucket: location.bucket, Key: key })
    await requests.repeated('delete the probe', (abortSignal) => client.send(command, { abortSignal }))
  }
}

async function isRefused(write: Promise<unknown>): Promise<boolean> {
  try {
    await write
    return false
  } catch (error) {
    if (error instanceof MalstromError && error.code === 'ERR_STORE_CONFLICT') return true
    throw error
  }
}

function ignoring(where: string, header: string): MalstromError {
  return new MalstromError(
    'ERR_STORE',
    `The store ${where} does not obey the header ${header} of writes, so a job that was started twice could overwrite its own state. Use a store with conditional writes (Amazon S3, MinIO, R2, Ceph), or a newer version of this one.`,
    { context: { path: where } },
  )
}
