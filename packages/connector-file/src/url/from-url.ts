import { didYouMean, type Sink, type Source } from '@malstrom/core'
import { stdinStream, toStdoutStream } from '../stream/stdio-stream.ts'
import type { NewStreamMessage, StreamMessage } from '../stream/stream-message.ts'
import { streamFile } from '../stream-file/stream-file.ts'
import { toStreamFile } from '../stream-file/to-stream-file.ts'
import { onlyStreamKey, parseStreamUrl, type StreamUrl, urlError, urlText } from './stream-url.ts'

/** What a source can be asked for in a way that holds for every scheme. */
export interface SourceUrlOptions {
  /** Go on at the end with what comes. Schemes without an end do so anyway. @default false */
  readonly follow?: boolean
  /** Where a job without saved state begins: at the first message, or at the first that has at least this timestamp. @default 'beginning' */
  readonly start?: 'beginning' | { readonly timestamp: number }
}

/** How streams of one scheme are read and written. A package for another system offers one of these. */
export interface StreamScheme {
  source?(url: StreamUrl, options: SourceUrlOptions): Source<StreamMessage, number, string, unknown>
  /** Messages go to the stream that the URL names, or each to that of its key if it names none. */
  sink?(url: StreamUrl): Sink<NewStreamMessage, unknown, unknown, string, unknown>
}

/** Schemes by name, such as `file`. */
export type StreamSchemes = Readonly<Record<string, StreamScheme>>

/**
 * `file://./logs/a.ss/clicks,views` is a stream file, or several with a comma, and `stdio:///clicks` are the lines of
 * standard input and output. A file that exists is written on.
 */
export const fileSchemes: StreamSchemes = {
  file: {
    source: (url, options) => streamFile(pathsOf(url), { ...options, ...keysOf(url) }),
    sink: (url) => {
      const [path, ...others] = pathsOf(url)
      if (path === undefined || others.length > 0)
        throw urlError(urlText(url), `it names ${others.length + 1} files. Name one to write to.`)
      return toStreamFile(path, { append: true, ...keyOf(url) })
    },
  },
  stdio: {
    source: (url, { start = 'beginning' }) => {
      checkStdio(url)
      if (start !== 'beginning') throw urlError(urlText(url), 'standard input begins where it begins, so start cannot be a timestamp.')
      return stdinStream(keysOf(url))
    },
    sink: (url) => {
      checkStdio(url)
      return toStdoutStream(keyOf(url))
    },
  },
}

/**
 * The source at a stream URL. `schemes` says which there are; with those of other packages it is
 * `{ ...fileSchemes, ...others }`. Throws `ERR_OPERATOR_ARGUMENT` if the URL cannot be used.
 */
export function sourceFromUrl(
  url: string,
  options: SourceUrlOptions = {},
  schemes: StreamSchemes = fileSchemes,
): Source<StreamMessage, number, string, unknown> {
  const parsed = parseStreamUrl(url)
  const { source } = schemeOf(parsed, schemes)
  if (source === undefined) throw urlError(url, `streams of ${parsed.scheme} can be written and not read.`)
  return source(parsed, options)
}

/** The sink at a stream URL, as for `sourceFromUrl`. */
export function sinkFromUrl<K, T>(url: string, schemes: StreamSchemes = fileSchemes): Sink<NewStreamMessage, K, T, string, unknown> {
  const parsed = parseStreamUrl(url)
  const { sink } = schemeOf(parsed, schemes)
  if (sink === undefined) throw urlError(url, `streams of ${parsed.scheme} can be read and not written.`)
  return sink(parsed)
}

function schemeOf(url: StreamUrl, schemes: StreamSchemes): StreamScheme {
  const names = Object.keys(schemes)
  const known = `Known are ${names.join(', ')}.`
  if (url.scheme === undefined) throw urlError(urlText(url), `it has no scheme. ${known}`)
  const scheme = Object.hasOwn(schemes, url.scheme) ? schemes[url.scheme] : undefined
  if (scheme === undefined)
    throw urlError(urlText(url), `the scheme ${url.scheme} is not known here.${didYouMean(url.scheme, names)} ${known}`)
  return scheme
}

function pathsOf(url: StreamUrl): string[] {
  return url.nodes.map(({ address }) => {
    if (address === '.' || address === '..' || address.endsWith('/'))
      throw urlError(urlText(url), 'it names no file. Write file://./path/file.ss/ or file:///path/file.ss/.')
    try {
      return decodeURIComponent(address)
    } catch {
      throw urlError(urlText(url), 'a % in the path is not followed by two hexadecimal digits. Write %25 for a %.')
    }
  })
}

function checkStdio(url: StreamUrl): void {
  if (url.nodes.length !== 1 || url.nodes[0]?.address !== '.')
    throw urlError(urlText(url), 'standard input and output have no host. Write stdio:/// and the streams.')
}

function keysOf({ keys }: StreamUrl): { keys?: readonly string[] } {
  return keys.length === 0 ? {} : { keys }
}

function keyOf(url: StreamUrl): { key?: string } {
  return url.keys.length === 0 ? {} : { key: onlyStreamKey(url) }
}
