import type { IncomingMessage } from 'node:http'

/** A request to the server, as tests and the server look at it. */
export interface S3Request {
  readonly method: string
  /** `PutObject`, `GetObject`, `HeadObject`, `ListObjects`, `DeleteObject`, `DeleteObjects`, or a step of a multipart upload. */
  readonly operation: string
  readonly bucket: string
  readonly key: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

/**
 * What goes wrong with a request: `drop-request` closes the connection and does nothing, `drop-response` does it and then closes the
 * connection, `hang` never answers, a number answers with that status and does nothing, `apply-then` does it and answers with an error.
 */
export type S3Fault = 'drop-request' | 'drop-response' | 'hang' | 'apply-then-500' | number | { readonly delayMs: number }

export async function readRequest(message: IncomingMessage): Promise<S3Request> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk)
  const url = new URL(message.url ?? '/', 'http://server')
  const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(decodeURIComponent(url.pathname)) ?? []
  const method = message.method ?? 'GET'
  const query = url.searchParams
  return { method, operation: operationOf(method, key, query), bucket, key, query, headers: message.headers, body: Buffer.concat(chunks) }
}

function operationOf(method: string, key: string, query: URLSearchParams): string {
  switch (method) {
    case 'GET':
      return key === '' ? 'ListObjects' : 'GetObject'
    case 'HEAD':
      return 'HeadObject'
    case 'PUT':
      return query.has('partNumber') ? 'UploadPart' : 'PutObject'
    case 'DELETE':
      return query.has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject'
    default:
      if (query.has('delete')) return 'DeleteObjects'
      return query.has('uploads') ? 'CreateMultipartUpload' : 'CompleteMultipartUpload'
  }
}
