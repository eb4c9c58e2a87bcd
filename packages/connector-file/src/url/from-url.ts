import { checkOptionNames, didYouMean, type Key, type Sink, type Source } from '@malstrom/core'
import type { NewStreamMessage, StreamMessage } from '../stream/stream-message.ts'
import { fileSchemes } from './file-schemes.ts'
import type { SinkUrlOptions, SourceUrlOptions, StreamScheme, StreamSchemes } from './stream-scheme.ts'
import { parseStreamUrl, type StreamUrl, urlError, urlText } from './stream-url.ts'

/**
 * The source at a stream URL. `schemes` says which there are; with those of other packages it is
 * `{ ...fileSchemes, ...others }`. Throws `ERR_OPERATOR_ARGUMENT` if the URL or an option cannot be used.
 */
export function sourceFromUrl(
  url: string,
  options: SourceUrlOptions = {},
  schemes: StreamSchemes = fileSchemes,
): Source<StreamMessage, number, string, unknown> {
  checkOptionNames('sourceFromUrl', options, ['follow', 'start'])
  const parsed = parseStreamUrl(url)
  const { source } = schemeOf(parsed, schemes)
  if (source === undefined) throw urlError(url, `streams of ${parsed.scheme} can be written and not read.`)
  return source(parsed, options)
}

/** The sink at a stream URL, as for `sourceFromUrl`. */
export function sinkFromUrl<K, T>(
  url: string,
  options: SinkUrlOptions = {},
  schemes: StreamSchemes = fileSchemes,
): Sink<NewStreamMessage, K, T, Key, unknown> {
  checkOptionNames('sinkFromUrl', options, ['delivery'])
  const { delivery } = options
  const parsed = parseStreamUrl(url)
  if (delivery !== undefined && delivery !== 'at-least-once' && delivery !== 'exactly-once')
    throw urlError(url, `delivery is ${String(delivery)}. Give 'at-least-once' or 'exactly-once'.`)
  const { sink } = schemeOf(parsed, schemes)
  if (sink === undefined) throw urlError(url, `streams of ${parsed.scheme} can be read and not written.`)
  return sink(parsed, options)
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
