import { isUtf8 } from 'node:buffer'
import {
  formatStreamLine,
  parseStreamUrl,
  type SourceUrlOptions,
  type StreamMessage,
  sourceFromUrl,
  toConsole,
} from '@malstrom/connector-file'
import { defineJob } from '@malstrom/operators'
import { singleThread } from '@malstrom/runtime'
import { streamSchemes } from '../stream-schemes.ts'
import type { Command } from './command-line.ts'
import { isMalstromError } from './report-error.ts'
import { runToEnd } from './run-to-end.ts'
import { asUsage } from './stream-arguments.ts'

type TailCommand = Extract<Command, { command: 'tail' }>

/** Prints a stream until it ends or enough of it is printed; answers the exit status. */
export async function tailCommand({ url, from, limit = Number.POSITIVE_INFINITY, follow, json }: TailCommand): Promise<number> {
  const isEndless = !['file', 'stdio'].includes(asUsage('<url>', () => parseStreamUrl(url)).scheme ?? '')
  const start = from ?? (isEndless ? 'end' : 'beginning')
  const schemes = await streamSchemes()
  // Whoever wants the end of a file waits for what comes after it.
  const options: SourceUrlOptions = { follow: follow || start === 'end', start }
  asUsage('<url>', () => sourceFromUrl(url, options, schemes))
  const format = json ? jsonLine : textLine
  let passed = 0
  let printed = 0
  let enough = () => {}
  const isEnough = new Promise<void>((resolve) => {
    enough = resolve
  })
  const lineOf = (message: StreamMessage) => {
    if (++printed === limit) enough()
    return format(message)
  }
  const job = defineJob({
    name: 'tail',
    module: import.meta.url,
    build(flow) {
      flow
        .source('stream', sourceFromUrl(url, options, schemes))
        .filter('limit', () => ++passed <= limit)
        .sink('lines', toConsole({ format: lineOf }))
    },
  })
  const begin = async () => {
    const execution = await singleThread().start(job)
    // A failure to end is told by `finished`.
    void isEnough.then(() => execution.cancel()).catch(() => {})
    return execution
  }
  try {
    return await runToEnd({ quiet: true, keepsState: false, start: begin })
  } catch (thrown) {
    // Whoever reads the lines has seen enough: `| head`.
    if (isMalstromError(thrown) && thrown.code === 'ERR_SINK_FAILED' && isClosedPipe(thrown)) return 0
    throw thrown
  }
}

/** `[timestamp | stream | sequence | shard] payload`, for people: it may be read as another payload than it was. */
function textLine({ timestamp, key, sequence, shard, payload }: StreamMessage): string {
  const text = textOf(payload)
  return formatStreamLine({ timestamp, key, sequence, shard, payload: text }, { escapeLineEnds: /[\n\r]/.test(text) })
}

function jsonLine({ timestamp, key, sequence, shard, payload }: StreamMessage): string {
  // As text: numbers of 64 bits are more than JSON.parse can read.
  const head = { timestamp, key, sequence: String(sequence), shard: String(shard) }
  return JSON.stringify(
    isUtf8(payload) ? { ...head, payload: textOf(payload) } : { ...head, payloadBase64: bufferOf(payload).toString('base64') },
  )
}

function textOf(payload: Uint8Array): string {
  return bufferOf(payload).toString()
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

function isClosedPipe(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false
  return (thrown as NodeJS.ErrnoException).code === 'EPIPE' || isClosedPipe(thrown.cause)
}
