import type { RecordLogOptions } from '../log/record-log.ts'
import type { ServerOptions, ServerSettings } from '../server/server-options.ts'

/** The request that a record came with. */
export interface HttpRequest {
  /** By their names in lower case, without `authorization` and `cookie`. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly query: URLSearchParams
  /** When it came, in milliseconds since 1970: the timestamp of its records. */
  readonly timestamp: number
}

/** Where accepted records are kept until they are in a durable snapshot. */
export interface DurableRecords {
  /** A folder of this source alone, on a disk that every worker that may open the source can reach. It is made if it is missing. */
  readonly directory: string
  /** How much may be on the disk before requests are answered 429, in bytes. @default 1_073_741_824 (1 GiB) */
  readonly bytesMax?: number
}

export interface HttpSourceOptions<V> extends ServerOptions {
  /**
   * Makes a record of one JSON value. What it throws makes the whole request invalid: it is answered 400 with the message, and
   * nothing of it is taken.
   */
  readonly decode: (value: unknown, request: HttpRequest) => V
  /** Answer 202 only when the records are safe on the disk. @default records are in memory only, and a crash loses them */
  readonly durable?: DurableRecords
  /** What requests must carry: `Authorization: Bearer <token>`. @default anybody who can reach the port may send */
  readonly token?: string
  /** The largest body of a request, in bytes. Larger ones are answered 413. @default 1_048_576 (1 MiB) */
  readonly bodyBytesMax?: number
  /** How many records may wait for the job before requests are answered 429; also the most of one request. @default 10_000 */
  readonly queuedRecordsMax?: number
  /** How many bytes of requests may be in memory before others are answered 429. @default 16_777_216 (16 MiB) */
  readonly queuedBytesMax?: number
  /** Of how many requests the `Idempotency-Key` is remembered. @default 10_000 */
  readonly idempotencyKeysMax?: number
}

/** How many records have been emitted; where to go on in the log. */
export interface HttpPosition {
  readonly position: number
}

/** The options, checked and with defaults. */
export interface HttpSourceSettings<V> {
  readonly server: ServerSettings
  readonly decode: (value: unknown, request: HttpRequest) => V
  readonly isAuthorized: (header: string | undefined) => boolean
  readonly bodyBytesMax: number
  readonly queuedRecordsMax: number
  readonly queuedBytesMax: number
  readonly idempotencyKeysMax: number
  readonly log: (Pick<RecordLogOptions, 'directory' | 'segmentBytes'> & { readonly bytesMax: number }) | undefined
  readonly clockMs: () => number
}
