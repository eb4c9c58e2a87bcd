import type { Key, Sink, Source } from '@malstrom/core'
import type { NewStreamMessage, StreamMessage } from '../stream/stream-message.ts'
import type { StreamUrl } from './stream-url.ts'

/** What a source can be asked for in a way that holds for every scheme. */
export interface SourceUrlOptions {
  /** Go on at the end with what comes. Schemes without an end do so anyway. @default false */
  readonly follow?: boolean
  /**
   * Where a job without saved state begins: at the first message, behind the last one there is, or at the first that has at least this
   * timestamp, in milliseconds since 1970. @default 'beginning'
   */
  readonly start?: 'beginning' | 'end' | { readonly timestamp: number }
}

/** What a sink can be asked for in a way that holds for every scheme. */
export interface SinkUrlOptions {
  /**
   * How often readers see a message after a restart from a snapshot. A stream file has each once either way; standard output cannot
   * be `exactly-once`. @default 'at-least-once'
   */
  readonly delivery?: 'at-least-once' | 'exactly-once'
}

/** How streams of one scheme are read and written. A package for another system offers one of these. */
export interface StreamScheme {
  source?(url: StreamUrl, options: SourceUrlOptions): Source<StreamMessage, number, string, unknown>
  /** Messages go to the stream that the URL names, or each to that of its key if it names none. */
  sink?(url: StreamUrl, options: SinkUrlOptions): Sink<NewStreamMessage, unknown, unknown, Key, unknown>
}

/** Schemes by name, such as `file`. */
export type StreamSchemes = Readonly<Record<string, StreamScheme>>
