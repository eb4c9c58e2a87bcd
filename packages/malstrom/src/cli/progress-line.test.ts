import type { JobStatus } from '@malstrom/core'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { progressLine, progressText } from './progress-line.ts'

const status = (fields: Partial<JobStatus>): JobStatus => ({
  job: 'flights',
  state: 'running',
  snapshot: undefined,
  restarts: 0,
  recordsIn: 0,
  recordsOut: 0,
  late: 0,
  skipped: 0,
  frontier: undefined,
  sources: [],
  operators: [],
  ...fields,
})

describe('progressText', () => {
  test('tells records, their rate, the frontier and what is late', () => {
    const text = progressText(status({ recordsIn: 1_048_576, frontier: Date.UTC(2001, 2, 17, 6), late: 1_234 }), 812_345.4)
    expect(text).toBe('1,048,576 records  812,345/s  frontier 2001-03-17 06:00:00  late 1,234')
  })

  test('tells what operators have skipped, if they have', () => {
    expect(progressText(status({ recordsIn: 12, skipped: 1_001 }), undefined)).toBe('12 records  late 0  skipped 1,001')
  })

  test('leaves out a rate and a frontier that are not known yet', () => {
    expect(progressText(status({ recordsIn: 12 }), undefined)).toBe('12 records  late 0')
  })

  test.each([
    ['a number that is no likely date', 41_999, '41,999'],
    ['a date', new Date(0), '1970-01-01 00:00:00'],
    ['an invalid date', new Date(Number.NaN), 'Invalid Date'],
    ['a bigint', 12n, '12'],
    ['the end of time', Number.POSITIVE_INFINITY, 'end'],
  ])('shows a frontier that is %s', (_what, frontier, text) => {
    expect(progressText(status({ frontier }), undefined)).toBe(`0 records  frontier ${text}  late 0`)
  })
})

describe('progressLine', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  /** A job that reads 100 records each millisecond. */
  function startJob() {
    const startMs = performance.now()
    return { status: () => status({ recordsIn: Math.round(performance.now() - startMs) * 100 }) }
  }

  function collect(properties: { isTTY?: boolean; columns?: number }) {
    const written: string[] = []
    return { written, stream: { ...properties, write: (text: string) => written.push(text) } }
  }

  test('writes plain lines where there is no terminal, one a second', () => {
    const { written, stream } = collect({})
    const stop = progressLine(startJob(), { stream })
    vi.advanceTimersByTime(3_500)
    stop()
    expect(written).toEqual([100_000, 200_000, 300_000].map((records) => `${records.toLocaleString('en-US')} records  100,000/s  late 0\n`))
  })

  test('rewrites one line on a terminal, and erases it at the end', () => {
    const { written, stream } = collect({ isTTY: true, columns: 120 })
    const stop = progressLine(startJob(), { stream })
    vi.advanceTimersByTime(310)
    stop()
    expect(written).toEqual(['\r\u001b[2K15,000 records  100,000/s  late 0', '\r\u001b[2K30,000 records  100,000/s  late 0', '\r\u001b[2K'])
  })

  test('keeps a line shorter than the terminal', () => {
    const { written, stream } = collect({ isTTY: true, columns: 20 })
    const stop = progressLine(startJob(), { stream })
    vi.advanceTimersByTime(150)
    stop()
    expect(written[0]).toBe('\r\u001b[2K15,000 records  100')
  })

  test('tells the rate of the last two seconds', () => {
    const { written, stream } = collect({})
    const stopsReading = { status: () => status({ recordsIn: 1_000 }) }
    const stop = progressLine(stopsReading, { stream })
    vi.advanceTimersByTime(5_000)
    stop()
    expect(written.at(-1)).toBe('1,000 records  0/s  late 0\n')
  })

  test('writes nothing after it was stopped, also when it is stopped twice', () => {
    const { written, stream } = collect({ isTTY: true })
    const stop = progressLine(startJob(), { stream })
    stop()
    stop()
    vi.advanceTimersByTime(5_000)
    expect(written).toEqual(['\r\u001b[2K'])
  })
})
