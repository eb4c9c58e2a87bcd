import type { StdinGroupOptions } from '../source/stdin.ts'
import { stdinStream, toStdoutStream } from '../stream/stdio-stream.ts'
import type { StreamLinesOptions } from '../stream/stream-line-format.ts'
import { streamFile } from '../stream-file/stream-file.ts'
import { MESSAGE_BYTES_MAX } from '../stream-file/stream-file-decoder.ts'
import { toStreamFile } from '../stream-file/to-stream-file.ts'
import type { StreamScheme, StreamSchemes } from './stream-scheme.ts'
import { onlyStreamKey, type StreamUrl, urlError, urlText } from './stream-url.ts'

/**
 * `file://./logs/a.ss/clicks,views` is a stream file, or several with a comma, and `stdio:///clicks` are the lines of
 * standard input and output. A file that exists is written on. Both bear messages of up to 16 MiB.
 */
export const fileSchemes: StreamSchemes = {
  file: {
    source: (url, { start = 'beginning', ...options }) => {
      return streamFile(pathsOf(url), { ...options, ...keysOf(url), start })
    },
    sink: (url) => {
      const [path, ...others] = pathsOf(url)
      if (path === undefined || others.length > 0)
        throw urlError(urlText(url), `it names ${others.length + 1} files. Name one to write to.`)
      return toStreamFile(path, { append: true, ...keyOf(url) })
    },
  },
  stdio: stdioScheme(),
}

/**
 * The scheme `stdio` with what a URL cannot say: `{ ...fileSchemes, stdio: stdioScheme({ group: 'workers' }) }` for sources that share the
 * messages of standard input.
 */
export function stdioScheme(options: StdinGroupOptions & Omit<StreamLinesOptions, 'keys'> = {}): StreamScheme {
  const { escapeLineEnds } = options
  return {
    source: (url, { start = 'beginning' }) => {
      checkStdio(url)
      if (start !== 'beginning') throw urlError(urlText(url), 'standard input begins where it begins, so start can be nothing else.')
      return stdinStream({ maxLineBytes: MESSAGE_BYTES_MAX, ...options, ...keysOf(url) })
    },
    sink: (url, { delivery }) => {
      checkStdio(url)
      if (delivery === 'exactly-once')
        throw urlError(urlText(url), 'standard output cannot take back what it has printed, so delivery is at-least-once.')
      return toStdoutStream({ ...keyOf(url), ...(escapeLineEnds === undefined ? {} : { escapeLineEnds }) })
    },
  }
}

function pathsOf(url: StreamUrl): string[] {
  return url.nodes.map(({ address }) => {
    if (address === '.' || address === '..' || address.endsWith('/')) {
      const example = url.keys.length === 1 ? `./${url.keys[0]}` : './path/file.ss'
      throw urlError(
        urlText(url),
        `it names no file: what follows the last "/" are streams. Write file://${example}/ for a file and all its streams.`,
      )
    }
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
