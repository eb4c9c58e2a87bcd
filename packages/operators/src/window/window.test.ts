import { bigintTime, dateTime, numberTime, type TimestampAlgebra } from '@malstrom/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { calendarDays, calendarMonths } from './calendar.ts'
import type { SizedTime } from './duration.ts'
import { global } from './global.ts'
import { session } from './session.ts'
import { sliding, tumbling } from './tumbling.ts'
import type { WindowAssigner } from './window.ts'

const at = (text: string) => Date.parse(text)
const text = (ms: number) => new Date(ms).toISOString()

function codeOf(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    return `${(error as { code?: string }).code}: ${(error as Error).message}`
  }
  return 'no error'
}

describe('tumbling and sliding windows', () => {
  it('are half-open', () => {
    const hours = tumbling({ hours: 1 }).assigner(numberTime)
    expect(hours.assign(0)).toEqual([{ start: 0, end: 3_600_000 }])
    expect(hours.assign(3_599_999)).toEqual([{ start: 0, end: 3_600_000 }])
    expect(hours.assign(3_600_000)).toEqual([{ start: 3_600_000, end: 7_200_000 }])
    expect(hours.lastOf({ start: 0, end: 3_600_000 })).toBe(3_599_999)
    expect(tumbling({ hours: 1, minutes: 30 }).assigner(numberTime).assign(0)).toEqual([{ start: 0, end: 5_400_000 }])
  })

  it('are complete at their end where times know no step before', () => {
    const { before: _, ...dense } = numberTime
    const hours = tumbling(10).assigner(dense)
    expect(hours.lastOf({ start: 0, end: 10 })).toBe(10)
  })

  const times: readonly { readonly name: string; readonly time: TimestampAlgebra<SizedTime>; of(ms: number): SizedTime }[] = [
    { name: 'numbers', time: numberTime as TimestampAlgebra<SizedTime>, of: (ms) => ms },
    { name: 'bigints', time: bigintTime as unknown as TimestampAlgebra<SizedTime>, of: (ms) => BigInt(ms) },
    { name: 'dates', time: dateTime as unknown as TimestampAlgebra<SizedTime>, of: (ms) => new Date(ms) },
  ]
  for (const { name, time, of } of times) {
    it(`are all those that have the timestamp, and no others (${name})`, () => {
      const shape = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), fc.integer({ min: -50, max: 50 }))
      fc.assert(
        fc.property(shape, fc.integer({ min: -300, max: 300 }), ([a, b, offset], t) => {
          const [slide, size] = a < b ? [a, b] : [b, a]
          const assigner = sliding({ size, slide, offset }).assigner(time)
          const expected = []
          for (let start = offset - 2_000 * slide; start <= t; start += slide) {
            if (start + size > t) expected.push({ start: of(start), end: of(start + size) })
          }
          expect(assigner.assign(of(t))).toEqual(expected)
          expect(assigner.lastOf({ start: of(0), end: of(10) })).toEqual(of(9))
        }),
      )
    })
  }

  it('have an end also at the ends of time', () => {
    const ends = (assigner: WindowAssigner<number>, t: number) => assigner.assign(t).map(({ end }) => end)
    expect(ends(tumbling(10).assigner(numberTime), Number.POSITIVE_INFINITY)).toEqual([Number.POSITIVE_INFINITY])
    expect(ends(sliding({ size: 10, slide: 3 }).assigner(numberTime), Number.NEGATIVE_INFINITY)).toEqual([Number.NEGATIVE_INFINITY])
    const [last] = tumbling(1_000_000n).assigner(bigintTime).assign(bigintTime.max)
    expect(last?.end).toBe(bigintTime.max)
    expect(codeOf(() => tumbling(10n).assigner(bigintTime).assign(bigintTime.max))).toMatch(/ERR_TIMESTAMP_INVALID.*too far/)
    const [lastDay] = tumbling({ days: 7 }).assigner(dateTime).assign(dateTime.max)
    expect(lastDay?.end).toEqual(dateTime.max)
  })

  it('refuse sizes that make no sense', () => {
    expect(codeOf(() => tumbling(0).assigner(numberTime))).toMatch(/ERR_OPERATOR_ARGUMENT: the size of tumbling windows must be above 0/)
    expect(codeOf(() => tumbling(-1).assigner(numberTime))).toMatch(/above 0, and is -1/)
    expect(codeOf(() => tumbling(1.5).assigner(numberTime))).toMatch(/whole number/)
    expect(codeOf(() => tumbling(Number.NaN).assigner(bigintTime))).toMatch(/whole number/)
    expect(codeOf(() => tumbling({}).assigner(numberTime))).toMatch(/needs numbers of days, hours/)
    expect(codeOf(() => tumbling({ hour: 1 } as never).assigner(numberTime))).toMatch(/no option "hour"/)
    expect(codeOf(() => tumbling({ hours: 1 }).assigner(bigintTime))).toMatch(/unit nobody knows/)
    expect(codeOf(() => sliding({ size: 10, slide: 11 }).assigner(numberTime))).toMatch(
      /slide of sliding windows, 11, is larger than their size, 10/,
    )
    expect(codeOf(() => sliding({ size: 10, slide: 0 }).assigner(numberTime))).toMatch(/the slide of sliding windows must be above 0/)
    expect(codeOf(() => tumbling(10, { ofset: 1 } as never))).toMatch(/no option "ofset"/)
    expect(codeOf(() => session({ gap: 0 }).assigner(numberTime))).toMatch(/the gap of sessions must be above 0/)
    expect(codeOf(() => tumbling(10).assigner({ ...numberTime, min: 'a' } as never))).toMatch(/numbers, bigints or dates/)
  })
})

describe('session and global windows', () => {
  it('a session is complete at its end, where a record would still join it', () => {
    const sessions = session({ gap: { seconds: 5 } }).assigner(numberTime)
    expect(sessions.assign(7)).toEqual([{ start: 7, end: 5_007 }])
    expect(sessions.lastOf({ start: 7, end: 5_007 })).toBe(5_007)
    expect(session({ gap: 5n }).assigner(bigintTime).assign(7n)).toEqual([{ start: 7n, end: 12n }])
    expect(session({ gap: 5 }).assigner(dateTime).assign(new Date(7))).toEqual([{ start: new Date(7), end: new Date(12) }])
  })

  it('the global window has all times', () => {
    const all = global().assigner(bigintTime)
    expect(all.assign(5n)).toEqual([{ start: bigintTime.min, end: bigintTime.max }])
    expect(all.lastOf({ start: bigintTime.min, end: bigintTime.max })).toBe(bigintTime.max)
  })
})

describe('calendar windows', () => {
  const dayOf = (timeZone: string, instant: string) => {
    const [window] = calendarDays({ timeZone }).assigner(numberTime).assign(at(instant))
    return [text(window?.start ?? 0), text(window?.end ?? 0)]
  }

  it('days are 23 and 25 hours long where clocks change', () => {
    expect(dayOf('Europe/Berlin', '2025-03-30T12:00:00Z')).toEqual(['2025-03-29T23:00:00.000Z', '2025-03-30T22:00:00.000Z'])
    expect(dayOf('Europe/Berlin', '2025-10-26T12:00:00Z')).toEqual(['2025-10-25T22:00:00.000Z', '2025-10-26T23:00:00.000Z'])
    expect(dayOf('UTC', '1969-12-31T23:59:59.999Z')).toEqual(['1969-12-31T00:00:00.000Z', '1970-01-01T00:00:00.000Z'])
    expect(dayOf('Asia/Kathmandu', '2025-01-01T00:00:00Z')).toEqual(['2024-12-31T18:15:00.000Z', '2025-01-01T18:15:00.000Z'])
  })

  it('a day starts after the jump where midnight is skipped, and once where it comes twice', () => {
    // Clocks in Brazil went from 23:59 to 01:00.
    expect(dayOf('America/Sao_Paulo', '2018-11-04T12:00:00Z')).toEqual(['2018-11-04T03:00:00.000Z', '2018-11-05T02:00:00.000Z'])
    // In Havana, midnight to one o'clock came twice.
    expect(dayOf('America/Havana', '2025-11-02T12:00:00Z')).toEqual(['2025-11-02T04:00:00.000Z', '2025-11-03T05:00:00.000Z'])
    // On Newfoundland, clocks went back from one minute after midnight.
    expect(dayOf('America/St_Johns', '2010-11-07T02:45:00Z')).toEqual(['2010-11-07T02:30:00.000Z', '2010-11-08T03:30:00.000Z'])
    // Samoa had no 30 December 2011.
    expect(dayOf('Pacific/Apia', '2011-12-30T12:00:00Z')[0]).toBe('2011-12-30T10:00:00.000Z')
    expect(dayOf('Pacific/Apia', '2011-12-30T09:59:59Z')).toEqual(['2011-12-29T10:00:00.000Z', '2011-12-30T10:00:00.000Z'])
  })

  it('months start at the midnight of their first day', () => {
    const months = calendarMonths({ timeZone: 'America/New_York' }).assigner(dateTime)
    expect(months.assign(new Date('2025-03-15T00:00:00Z'))).toEqual([
      { start: new Date('2025-03-01T05:00:00Z'), end: new Date('2025-04-01T04:00:00Z') },
    ])
    expect(months.assign(new Date('2025-01-01T04:59:59Z'))).toEqual([
      { start: new Date('2024-12-01T05:00:00Z'), end: new Date('2025-01-01T05:00:00Z') },
    ])
  })

  it('days follow each other without holes and show the date they say', () => {
    const zones = ['Europe/Berlin', 'America/St_Johns', 'Pacific/Apia', 'Australia/Lord_Howe', 'America/Havana', 'UTC']
    const assigners = zones.map((timeZone) => calendarDays({ timeZone }).assigner(numberTime))
    fc.assert(
      fc.property(fc.nat(zones.length - 1), fc.integer({ min: at('1990-01-01'), max: at('2030-01-01') }), (zone, t) => {
        const days = assigners[zone] as WindowAssigner<number>
        const [day] = days.assign(t)
        expect(day?.start).toBeLessThanOrEqual(t)
        expect(day?.end).toBeGreaterThan(t)
        const [next] = days.assign(day?.end ?? 0)
        expect(next?.start).toBe(day?.end)
        const [same] = days.assign((day?.end ?? 0) - 1)
        expect(same).toEqual(day)
      }),
      { numRuns: 300 },
    )
  })

  it('refuse time zones that nobody knows, and bigints', () => {
    expect(codeOf(() => calendarDays({ timeZone: 'Mars/Base' }))).toMatch(
      /ERR_OPERATOR_ARGUMENT: calendarDays does not know the time zone "Mars\/Base"/,
    )
    expect(codeOf(() => calendarMonths({} as never))).toMatch(/time zone "undefined"/)
    expect(codeOf(() => calendarDays({ timeZone: 'UTC' }).assigner(bigintTime as never))).toMatch(/milliseconds since 1970 or dates/)
  })
})
