import type { Execution, JobStatus } from '@malstrom/core'

/** Where progress is shown: `process.stderr`, or anything like it. */
export interface ProgressStream {
  readonly isTTY?: boolean
  /** The width of the terminal. */
  readonly columns?: number
  write(text: string): unknown
}

export interface ProgressLineOptions {
  readonly stream: ProgressStream
}

const REWRITE_MS = 150
const PLAIN_MS = 1_000
const RATE_WINDOW_MS = 2_000
const COLUMNS_DEFAULT = 80
const ERASE_LINE = '\r\u001b[2K'

/**
 * Shows how far a job is, until the returned function is called: on a terminal one line that is
 * rewritten several times a second and erased at the end, elsewhere a plain line every second, without
 * escape codes.
 */
export function progressLine(execution: Pick<Execution, 'status'>, { stream }: ProgressLineOptions): () => void {
  const rewrites = stream.isTTY === true
  const rate = new RecordRate()
  const read = (): string => {
    const status = execution.status()
    return progressText(status, rate.after(status.recordsIn, performance.now()))
  }
  const show = () => {
    if (!rewrites) stream.write(`${read()}\n`)
    // A line that fills the terminal would wrap, and then no longer be erased as a whole.
    else stream.write(`${ERASE_LINE}${read().slice(0, (stream.columns || COLUMNS_DEFAULT) - 1)}`)
  }
  read()
  let timer: ReturnType<typeof setInterval> | undefined = setInterval(show, rewrites ? REWRITE_MS : PLAIN_MS)
  timer.unref()
  return () => {
    if (timer === undefined) return
    clearInterval(timer)
    timer = undefined
    if (rewrites) stream.write(ERASE_LINE)
  }
}

/** The progress of a job in one line, for example `1,048,576 records  812,345/s  frontier 2001-03-17 06:00:00  late 1,234`. */
export function progressText({ recordsIn, frontier, late, skipped }: JobStatus, recordsPerSecond: number | undefined): string {
  const parts = [`${count(recordsIn)} records`]
  if (recordsPerSecond !== undefined) parts.push(`${count(recordsPerSecond)}/s`)
  if (frontier !== undefined) parts.push(`frontier ${frontierText(frontier)}`)
  parts.push(`late ${count(late)}`)
  if (skipped > 0) parts.push(`skipped ${count(skipped)}`)
  return parts.join('  ')
}

/** Numbers from 1990 to 2100 are dates, if they are milliseconds since 1970; hardly a counter gets there. */
const DATES_FROM_MS = Date.UTC(1990)
const DATES_TO_MS = Date.UTC(2100)

function frontierText(frontier: unknown): string {
  if (frontier instanceof Date) return Number.isNaN(frontier.getTime()) ? 'Invalid Date' : dateText(frontier)
  if (frontier === Number.POSITIVE_INFINITY) return 'end'
  if (typeof frontier !== 'number') return String(frontier)
  return frontier >= DATES_FROM_MS && frontier < DATES_TO_MS ? dateText(new Date(frontier)) : frontier.toLocaleString('en-US')
}

function dateText(date: Date): string {
  return date.toISOString().slice(0, 19).replace('T', ' ')
}

function count(records: number): string {
  return Math.round(records).toLocaleString('en-US')
}

/** Records per second over the last two seconds. */
class RecordRate {
  readonly #samples: { readonly records: number; readonly nowMs: number }[] = []

  /** Adds what has been counted so far; `undefined` as long as there is nothing to compare it with. */
  after(records: number, nowMs: number): number | undefined {
    const samples = this.#samples
    while (samples.length > 1 && (samples[1] as { nowMs: number }).nowMs <= nowMs - RATE_WINDOW_MS) samples.shift()
    samples.push({ records, nowMs })
    const first = samples[0] as { records: number; nowMs: number }
    return nowMs > first.nowMs ? ((records - first.records) / (nowMs - first.nowMs)) * 1000 : undefined
  }
}
