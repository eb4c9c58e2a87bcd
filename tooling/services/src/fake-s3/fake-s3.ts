import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type BucketOptions, FakeBucket } from './fake-bucket.ts'
import { readRequest, type S3Fault, type S3Request } from './s3-request.ts'
import { failure, type S3Response } from './s3-response.ts'

export interface FakeS3Options extends Partial<BucketOptions> {
  /** @default ['bucket'] */
  readonly buckets?: readonly string[]
  /** The only access key id that is let in; signatures are not checked. Left out: everybody is. */
  readonly accessKeyId?: string
}

/**
 * S3 in memory on a free port of 127.0.0.1, for tests: conditional writes, multipart uploads, ranges, listings in pages, DeleteObjects, and
 * faults. Requests take effect one at a time. Path-style addresses only.
 */
export class FakeS3 implements AsyncDisposable {
  readonly buckets = new Map<string, FakeBucket>()
  /** Every request that has arrived, oldest first, without its body. */
  readonly requests: Omit<S3Request, 'body'>[] = []
  /** Asked before each request; `undefined`: nothing goes wrong. */
  fault: (request: S3Request) => S3Fault | undefined = () => undefined
  readonly #server: Server
  readonly #accessKeyId: string | undefined

  private constructor(options: FakeS3Options) {
    const { pageSize = 1_000, neverEncodes = false, ignoredConditions = [], buckets = ['bucket'] } = options
    for (const name of buckets) this.buckets.set(name, new FakeBucket({ pageSize, neverEncodes, ignoredConditions }))
    this.#accessKeyId = options.accessKeyId
    this.#server = createServer((message, response) => {
      readRequest(message)
        .then((request) => this.#serve(request, response))
        .catch(() => response.destroy()) // The client has gone.
    })
  }

  static async start(options: FakeS3Options = {}): Promise<FakeS3> {
    const server = new FakeS3(options)
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** The objects of the first bucket. */
  get bucket(): FakeBucket {
    return [...this.buckets.values()][0] as FakeBucket
  }

  /** How often an operation was asked for. */
  count(operation: string): number {
    return this.requests.filter((request) => request.operation === operation).length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeAllConnections()
    await closed
  }

  async #serve(request: S3Request, response: ServerResponse): Promise<void> {
    const { body: _body, ...rest } = request
    this.requests.push(rest)
    const fault = this.fault(request)
    if (fault === 'hang') return
    if (fault === 'drop-request') {
      response.destroy()
      return
    }
    if (typeof fault === 'number') {
      this.#send(failure(fault === 503 ? 'SlowDown' : 'InternalError', fault), request, response)
      return
    }
    if (typeof fault === 'object') await new Promise((resolve) => setTimeout(resolve, fault.delayMs))
    const answer = this.#answer(request)
    if (fault === 'drop-response') response.destroy()
    else this.#send(fault === 'apply-then-500' ? failure('InternalError') : answer, request, response)
  }

  #answer(request: S3Request): S3Response {
    const bucket = this.buckets.get(request.bucket)
    const [, accessKeyId] = /Credential=([^/]+)\//.exec(request.headers.authorization ?? '') ?? []
    if (this.#accessKeyId !== undefined && accessKeyId !== this.#accessKeyId) return failure('InvalidAccessKeyId')
    return bucket === undefined ? failure('NoSuchBucket') : bucket.answer(request)
  }

  #send({ status, headers, body }: S3Response, request: S3Request, response: ServerResponse): void {
    const content = status === 204 ? {} : { 'content-length': Buffer.byteLength(body ?? '') }
    response.writeHead(status, { 'x-amz-request-id': 'in-memory', ...content, ...headers })
    response.end(request.method === 'HEAD' || status === 204 ? undefined : body)
  }
}
