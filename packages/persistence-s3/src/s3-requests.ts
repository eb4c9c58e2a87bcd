import { setTimeout as delay } from 'node:timers/promises'
import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3'
import type { ETag } from '@malstrom/core'
import { withDeadline } from './deadline.ts'
import { failureOf, storeError } from './s3-error.ts'
import type { S3Location } from './s3-options.ts'

const BACKOFF_MS = 50
const BACKOFF_MS_MAX = 2_000

const BYTES_PER_MS = 1_000

type Condition = Pick<PutObjectCommandInput, 'IfMatch' | 'IfNoneMatch'>

export interface ReadObject {
  readonly body: Buffer
  readonly etag: ETag
}

/** Sends requests, each with a deadline. Does not decide what a failed write means. */
export class S3Requests {
  readonly client: S3Client
  readonly location: S3Location

  constructor(client: S3Client, location: S3Location) {
    this.client = client
    this.location = location
  }

  /** Sends one request once, unless the client was passed in and repeats it. */
  once<T>(send: (signal: AbortSignal, progress: () => void) => Promise<T>, bytes = 0): Promise<T> {
    return withDeadline(this.location.requestTimeoutMs + Math.ceil(bytes / BYTES_PER_MS), send)
  }

  /** Sends a request that may happen twice until it is answered. @throws MalstromError `ERR_STORE` */
  async repeated<T>(task: string, send: (signal: AbortSignal, progress: () => void) => Promise<T>, bytes = 0): Promise<T> {
    let uncertain = false
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.once(send, bytes)
      } catch (error) {
        const failure = failureOf(error)
        uncertain ||= failure === 'unknown'
        const again = failure === 'unknown' || failure === 'busy'
        if (!again || attempt >= this.location.attemptsMax) throw storeError(this.location, task, error, uncertain ? 'unknown' : 'failed')
        await this.pause(attempt)
      }
    }
  }

  /** Waits before the next attempt: longer each time, and never as long as others wait. */
  async pause(attempt: number): Promise<void> {
    await delay(Math.random() * Math.min(BACKOFF_MS * 2 ** attempt, BACKOFF_MS_MAX))
  }

  /** One attempt at a write under a condition. */
  putOnce(key: string, body: Buffer, condition: Condition): Promise<ETag> {
    return this.once((signal) => this.#put(signal, key, body, condition), body.length)
  }

  put(key: string, body: Buffer): Promise<ETag> {
    return this.repeated(`write "${key}"`, (signal) => this.#put(signal, key, body, {}), body.length)
  }

  /** A whole object, or a range of it; `undefined` if there is none. */
  get(task: string, key: string, range?: string): Promise<ReadObject | undefined> {
    const input = { Bucket: this.location.bucket, Key: key, ...(range === undefined ? {} : { Range: range }) }
    return this.repeated(task, async (abortSignal, progress) => {
      try {
        const output = await this.client.send(new GetObjectCommand(input), { abortSignal })
        return { body: await readBody(output, abortSignal, progress), etag: etagOf(output.ETag) }
      } catch (error) {
        if (failureOf(error) === 'missing') return undefined
        throw error
      }
    })
  }

  async #put(abortSignal: AbortSignal, key: string, body: Buffer, condition: Condition): Promise<ETag> {
    const command = new PutObjectCommand({ Bucket: this.location.bucket, Key: key, Body: body, ...condition })
    return etagOf((await this.client.send(command, { abortSignal })).ETag)
  }
}

export function etagOf(header: string | undefined): ETag {
  if (header === undefined || header === '') throw new Error('the store answered without an ETag')
  return header
}

async function readBody(output: GetObjectCommandOutput, signal: AbortSignal, progress: () => void): Promise<Buffer> {
  const body = output.Body as (AsyncIterable<Uint8Array> & { destroy(error: Error): void }) | undefined
  if (body === undefined) return Buffer.alloc(0)
  const stop = () => body.destroy(signal.reason)
  signal.addEventListener('abort', stop)
  try {
    const chunks: Uint8Array[] = []
    for await (const chunk of body) {
      chunks.push(chunk)
      progress()
    }
    const bytes = Buffer.concat(chunks)
    if (output.ContentLength !== undefined && bytes.length !== output.ContentLength) {
      throw new Error(`the connection broke after ${bytes.length} of ${output.ContentLength} bytes`)
    }
    return bytes
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
