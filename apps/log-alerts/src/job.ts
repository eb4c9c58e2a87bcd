import { webhookSink } from '@malstrom/connector-http'
import { defineJob, diskPersistence, filesIn, forEach, limitOutOfOrderness, stdinLines, textFile } from 'malstrom'
import { errorCounts } from './error-counts.ts'
import { parseLogLine } from './log-line.ts'

export interface Params {
  /** Where the log files are; new ones are found while the job runs. */
  readonly folder: string
  /** Who is told. */
  readonly webhook: string
  /** How many errors of a service in a minute are too many. */
  readonly threshold: number
  /** How long a log may say nothing before the others go on without it, in milliseconds. */
  readonly idleAfterMs: number
  /** Where the state is kept. */
  readonly directory: string
}

/** Errors of services by the minute in which they happened, from files that are followed and from standard input. */
export default defineJob({
  name: 'log-alerts',
  module: import.meta.url,
  persistence: ({ directory }: Params) => diskPersistence(directory),
  build(flow, { folder, webhook, threshold, idleAfterMs }: Params) {
    // The time of a line is when it happened; lines of one log are up to a minute out of order.
    const inTime = { timestamp: (line: string) => parseLogLine(line)?.at ?? 0, epochs: limitOutOfOrderness(60_000), idleAfterMs }
    const files = flow.source('files', textFile(filesIn(folder, { match: '*.log' }), { follow: true }), inTime)
    const stdin = flow.source('stdin', stdinLines(), inTime)
    files.onTime
      .union(stdin.onTime)
      .filterMap('parsed', parseLogLine)
      .filter('errors', ({ level }) => level === 'ERROR')
      .keyDistribute('by-service', ({ service }) => service)
      .statefulOp('per-minute', errorCounts(threshold))
      .sink('webhook', webhookSink({ url: webhook, retryForMs: 600_000 }))
    files.late
      .union(stdin.late)
      .filterMap('late-parsed', parseLogLine)
      .sink(
        'late-lines',
        forEach(({ service, message }) => console.error(`too late to be counted: ${service}: ${message}`)),
      )
  },
})
