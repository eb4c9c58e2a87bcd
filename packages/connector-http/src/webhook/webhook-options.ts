/** A request that the receiver does not want, however often it comes. */
export interface WebhookRejection<V> {
  /** The status of the answer: 300 to 499. */
  readonly status: number
  /** The records of the request. */
  readonly values: readonly V[]
}

export interface WebhookSinkOptions<V, K, T> {
  /** Where requests go. A user and a password in it become an `Authorization` header; `https:` then, unless it is this machine. */
  readonly url: string | URL
  /** @default 'POST' */
  readonly method?: 'POST' | 'PUT' | 'PATCH'
  /** Sent with every request, beside `Content-Type` and `Idempotency-Key`. @default none */
  readonly headers?: Readonly<Record<string, string>>
  /** The JSON of a record. @default its value */
  readonly encode?: (value: V, key: K, timestamp: T) => unknown
  /** Sends several records in one request, as a JSON array. @default one record for each request, as it is */
  readonly batch?: {
    readonly recordsMax: number
    /** How long a request waits for more records, in milliseconds. @default 0 */
    readonly delayMs?: number
  }
  /** How many requests may be under way at the same time; records with the same key keep their order. @default 8 */
  readonly lanes?: number
  /** When a request without an answer is given up and sent again, in milliseconds. @default 10_000 */
  readonly timeoutMs?: number
  /** How long a request is sent again while the receiver is away or busy, in milliseconds; then the job fails. @default 60_000 */
  readonly retryForMs?: number
  /**
   * What happens with a request that is answered 3xx or 4xx, other than 408, 425 and 429. `fail`: the job fails with `ERR_HTTP`.
   * `skip`: its records are dropped. A function takes them, and the job goes on. @default 'fail'
   */
  readonly onRejected?: 'fail' | 'skip' | ((rejection: WebhookRejection<V>) => void)
  /** How much may wait for the receiver before the stream waits, in bytes, for each lane. @default 1_048_576 (1 MiB) */
  readonly bufferBytesMax?: number
}

/** How many records a lane has taken. */
export interface WebhookPosition {
  readonly sequence: number
}

/** What is not the same twice. */
export interface WebhookChance {
  clockMs(): number
  /** From 0 to 1. */
  random(): number
}
