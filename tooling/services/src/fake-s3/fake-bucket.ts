import { createHash } from 'node:crypto'
import type { S3Request } from './s3-request.ts'
import { elements, escaped, failure, type S3Response, unescaped, xml } from './s3-response.ts'

interface StoredObject {
  readonly body: Buffer
  readonly etag: string
  readonly modified: Date
}

interface Upload {
  readonly key: string
  readonly parts: Map<number, { readonly body: Buffer; readonly md5: Buffer }>
}

export interface BucketOptions {
  /** Keys in a page of a listing, at most. */
  readonly pageSize: number
  /** Listings give keys as they are, whatever is asked for, as some stores do. */
  readonly neverEncodes: boolean
  /** Conditions that the bucket does not look at, as stores do that have none. */
  readonly ignoredConditions: readonly ('if-match' | 'if-none-match')[]
}

/** One bucket: what S3 does with objects, conditions, parts, ranges and pages. */
export class FakeBucket {
  readonly objects = new Map<string, StoredObject>()
  readonly uploads = new Map<string, Upload>()
  /** Keys that DeleteObjects refuses. */
  readonly undeletable = new Set<string>()
  readonly #options: BucketOptions
  #uploadCount = 0

  constructor(options: BucketOptions) {
    this.#options = options
  }

  answer(request: S3Request): S3Response {
    switch (request.operation) {
      case 'PutObject':
        return this.#violated(request) ?? this.#store(request.key, request.body, md5(request.body).toString('hex'))
      case 'GetObject':
      case 'HeadObject':
        return this.#get(request)
      case 'ListObjects':
        return this.#list(request.query)
      case 'DeleteObject':
        this.objects.delete(request.key)
        return { status: 204 }
      case 'DeleteObjects':
        return this.#deleteAll(request.body.toString())
      default:
        return this.#multipart(request)
    }
  }

  #violated({ key, headers }: S3Request): S3Response | undefined {
    const stored = this.objects.get(key)
    const condition = (name: 'if-match' | 'if-none-match') => (this.#options.ignoredConditions.includes(name) ? undefined : headers[name])
    if (condition('if-none-match') === '*' && stored !== undefined) return failure('PreconditionFailed')
    const expected = condition('if-match')
    if (expected === undefined) return undefined
    if (stored === undefined) return failure('NoSuchKey')
    return expected.replaceAll('"', '') === stored.etag ? undefined : failure('PreconditionFailed')
  }

  #store(key: string, body: Buffer, etag: string): S3Response {
    this.objects.set(key, { body, etag, modified: new Date() })
    return { status: 200, headers: { etag: `"${etag}"` } }
  }

  #get({ key, headers, operation }: S3Request): S3Response {
    const stored = this.objects.get(key)
    if (stored === undefined) return operation === 'HeadObject' ? { status: 404 } : failure('NoSuchKey')
    const size = stored.body.length
    const common = { etag: `"${stored.etag}"`, 'last-modified': stored.modified.toUTCString(), 'accept-ranges': 'bytes' }
    if (operation === 'HeadObject') return { status: 200, headers: { ...common, 'content-length': `${size}` } }
    const range = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? '')
    if (range === null) return { status: 200, headers: common, body: stored.body }
    const [, first = '', last = ''] = range
    const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
    const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1)
    if (start >= end) return failure('InvalidRange')
    const contentRange = { 'content-range': `bytes ${start}-${end - 1}/${size}` }
    return { status: 206, headers: { ...common, ...contentRange }, body: stored.body.subarray(start, end) }
  }

  #list(query: URLSearchParams): S3Response {
    const prefix = query.get('prefix') ?? ''
    const delimiter = query.get('delimiter') ?? ''
    const after = query.get('continuation-token') ?? query.get('start-after') ?? ''
    const limit = Math.min(Number(query.get('max-keys') ?? 1_000), this.#options.pageSize)
    const isEncoded = query.get('encoding-type') === 'url' && !this.#options.neverEncodes
    const name = isEncoded ? urlEncoded : escaped
    const encoding = isEncoded ? '<EncodingType>url</EncodingType>' : ''
    const entries = new Map<string, string>()
    for (const key of [...this.objects.keys()].filter((known) => known.startsWith(prefix)).sort(byteOrder)) {
      const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
      const entry = cut === -1 ? key : key.slice(0, cut + delimiter.length)
      if (byteOrder(entry, after) > 0) entries.set(entry, cut === -1 ? this.#contents(key, name) : commonPrefix(entry, name))
    }
    const page = [...entries].slice(0, limit)
    const more = entries.size > page.length
    const token = more ? `<NextContinuationToken>${escaped(page.at(-1)?.[0] ?? '')}</NextContinuationToken>` : ''
    const content = page.map(([, element]) => element).join('')
    return xml(
      `<ListBucketResult><KeyCount>${page.length}</KeyCount><IsTruncated>${more}</IsTruncated>${encoding}${token}${content}</ListBucketResult>`,
    )
  }

  #contents(key: string, name: (key: string) => string): string {
    const { body, etag, modified } = this.objects.get(key) as StoredObject
    const size = `<Size>${body.length}</Size><LastModified>${modified.toISOString()}</LastModified><ETag>"${etag}"</ETag>`
    return `<Contents><Key>${name(key)}</Key>${size}</Contents>`
  }

  #deleteAll(body: string): S3Response {
    const keys = elements(body, 'Key').map(unescaped)
    const refused = keys.filter((key) => this.undeletable.has(key))
    for (const key of keys) if (!this.undeletable.has(key)) this.objects.delete(key)
    const errors = refused.map(
      (key) => `<Error><Key>${escaped(key)}</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error>`,
    )
    return keys.length > 1_000 ? failure('MalformedXML') : xml(`<DeleteResult>${errors.join('')}</DeleteResult>`)
  }

  #multipart(request: S3Request): S3Response {
    const { operation, key, query, body } = request
    if (operation === 'CreateMultipartUpload') {
      const id = `upload-${++this.#uploadCount}`
      this.uploads.set(id, { key, parts: new Map() })
      return xml(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`)
    }
    const id = query.get('uploadId') ?? ''
    const upload = this.uploads.get(id)
    if (upload === undefined || upload.key !== key) return failure('NoSuchUpload')
    if (operation === 'UploadPart') {
      const part = { body, md5: md5(body) }
      upload.parts.set(Number(query.get('partNumber')), part)
      return { status: 200, headers: { etag: `"${part.md5.toString('hex')}"` } }
    }
    if (operation === 'CompleteMultipartUpload') {
      const parts = elements(body.toString(), 'PartNumber').map((number) => upload.parts.get(Number(number)))
      const known = parts.filter((part) => part !== undefined)
      if (known.length !== parts.length || known.length === 0) return failure('InvalidPart')
      const violated = this.#violated(request)
      if (violated !== undefined) return violated
      const etag = `${md5(Buffer.concat(known.map((part) => part.md5))).toString('hex')}-${known.length}`
      this.#store(key, Buffer.concat(known.map((part) => part.body)), etag)
      this.uploads.delete(id)
      return xml(`<CompleteMultipartUploadResult><ETag>"${etag}"</ETag></CompleteMultipartUploadResult>`)
    }
    this.uploads.delete(id)
    return { status: 204 }
  }
}

function commonPrefix(prefix: string, name: (key: string) => string): string {
  return `<CommonPrefixes><Prefix>${name(prefix)}</Prefix></CommonPrefixes>`
}

function urlEncoded(key: string): string {
  return encodeURIComponent(key).replaceAll('%2F', '/').replaceAll('%20', '+')
}

function md5(body: Buffer): Buffer {
  return createHash('md5').update(body).digest()
}

function byteOrder(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
