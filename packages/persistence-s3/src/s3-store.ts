import { DeleteObjectsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { type ETag, MalstromError, type ObjectStore } from '@malstrom/core'
import { conditionalPut } from './conditional-put.ts'
import { multipartUpload } from './multipart-upload.ts'
import { contentOf, newTrailer } from './object-trailer.ts'
import { keyOf } from './path.ts'
import type { S3Requests } from './s3-requests.ts'

/** Keys that S3 deletes with one request. */
const DELETED_AT_ONCE = 1_000

/** One scope: the objects below a folder of a bucket. */
export class S3Store implements ObjectStore {
  readonly #requests: S3Requests
  readonly #scope: string
  readonly #folder: string
  #closed = false

  constructor(requests: S3Requests, scope: string) {
    this.#requests = requests
    this.#scope = scope
    this.#folder = `${requests.location.folder}${scope}/`
  }

  async get(path: string): Promise<{ readonly bytes: Uint8Array; readonly etag: ETag } | undefined> {
    const key = this.#keyOf(path)
    const object = await this.#requests.get(`read "${key}"`, key)
    if (object === undefined) return undefined
    return { bytes: contentOf(object.body, `s3://${this.#requests.location.bucket}/${key}`), etag: object.etag }
  }

  async put(path: string, bytes: Uint8Array): Promise<ETag> {
    const key = this.#keyOf(path)
    const body = Buffer.concat([bytes, newTrailer()])
    if (body.length > this.#requests.location.partBytes) return multipartUpload(this.#requests, key, body)
    return this.#requests.put(key, body)
  }

  /** Always one request, whatever the size: stores that have conditions have them there. */
  async putIf(path: string, bytes: Uint8Array, expected: ETag | 'absent'): Promise<ETag> {
    return conditionalPut(this.#requests, this.#keyOf(path), Buffer.concat([bytes, newTrailer()]), expected)
  }

  async *list(prefix: string): AsyncIterable<string> {
    const { client, location } = this.#requests
    let token: string | undefined
    do {
      this.#checkOpen()
      const continuation = token === undefined ? {} : { ContinuationToken: token }
      // Encoded, or keys with characters that XML forbids would come back broken.
      const input = { Bucket: location.bucket, Prefix: `${this.#folder}${prefix}`, EncodingType: 'url' as const, ...continuation }
      const send = (abortSignal: AbortSignal) => client.send(new ListObjectsV2Command(input), { abortSignal })
      const page = await this.#requests.repeated(`list "${input.Prefix}"`, send)
      // Some stores do not encode whatever they are asked, and say so by leaving out that they did.
      const isEncoded = page.EncodingType === 'url'
      for (const { Key = '' } of page.Contents ?? []) {
        yield (isEncoded ? decodeURIComponent(Key.replaceAll('+', ' ')) : Key).slice(this.#folder.length)
      }
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined
    } while (token !== undefined)
  }

  async delete(paths: readonly string[]): Promise<void> {
    const keys = paths.map((path) => this.#keyOf(path))
    const refused: { readonly key: string; readonly code: string }[] = []
    for (let start = 0; start < keys.length; start += DELETED_AT_ONCE) {
      refused.push(...(await this.#deleteAtOnce(keys.slice(start, start + DELETED_AT_ONCE))))
    }
    const [first] = refused
    if (first === undefined) return
    const { name } = this.#requests.location
    throw new MalstromError(
      'ERR_STORE',
      `${refused.length} of ${keys.length} objects in ${name} could not be deleted; the first is "${first.key}" (${first.code}). Allow s3:DeleteObject, and look whether objects are locked.`,
      { context: { path: name }, outcome: 'unknown' },
    )
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  async #deleteAtOnce(keys: readonly string[]): Promise<readonly { readonly key: string; readonly code: string }[]> {
    const { client, location } = this.#requests
    const input = { Bucket: location.bucket, Delete: { Objects: keys.map((Key) => ({ Key })), Quiet: true } }
    const send = (abortSignal: AbortSignal) => client.send(new DeleteObjectsCommand(input), { abortSignal })
    const { Errors = [] } = await this.#requests.repeated(`delete ${keys.length} objects`, send)
    return Errors.map(({ Key = '', Code = 'error' }) => ({ key: Key, code: Code }))
  }

  #keyOf(path: string): string {
    this.#checkOpen()
    return keyOf(this.#folder, path)
  }

  #checkOpen(): void {
    if (this.#closed) throw new MalstromError('ERR_STORE_CLOSED', `The store of "${this.#scope}" is closed. Open it again.`)
  }
}
