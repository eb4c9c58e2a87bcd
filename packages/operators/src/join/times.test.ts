import { bigintTime, dateTime, type TimestampAlgebra } from '@malstrom/core'
import { type Flow, fromIterable } from '@malstrom/operators'
import { inBothForms } from '@malstrom/testing'
import { describe, expect } from 'vitest'

/** A stream of one key with these times. */
function at<T>(flow: Flow, name: string, times: readonly T[], time: TimestampAlgebra<T>) {
  const { onTime } = flow
    .source(name, fromIterable(times))
    .assignTimestamps(`${name} times`, (t) => t, time)
    .generateEpochs(`${name} epochs`, () => undefined)
  return onTime.keyDistribute(`${name} keys`, () => 'key')
}

const sorted = (values: readonly unknown[]) => values.map(String).sort()

describe('joins of other times than numbers', () => {
  inBothForms('take bigint distances between bigints, also where these are far out', async (collect) => {
    const last = 2n ** 63n - 2n
    const { out } = await collect((flow) => {
      const [left, right] = [at(flow, 'left', [10n, last], bigintTime), at(flow, 'right', [5n, 14n, 15n, last - 1n], bigintTime)]
      const options = { lower: -5n, upper: 5n, upperInclusive: false, type: 'outer' } as const
      return { out: left.intervalJoin('join', right, options, (l, r, _key, t) => `${l ?? 'none'}+${r ?? 'none'} at ${t}`) }
    })
    expect(sorted(out.values)).toEqual(sorted(['10+5 at 10', '10+14 at 14', 'none+15 at 20', `${last}+${last - 1n} at ${last}`]))
  })

  inBothForms('take durations and milliseconds between dates', async (collect) => {
    const day = (n: number) => new Date(Date.UTC(2026, 0, n))
    const { within, versions } = await collect((flow) => {
      const [left, right] = [at(flow, 'left', [day(10), day(20)], dateTime), at(flow, 'right', [day(9), day(18)], dateTime)]
      const pair = (l: Date, r: Date | undefined, _key: string, t: Date) =>
        `${l.getUTCDate()}+${r?.getUTCDate() ?? 'none'} at ${t.getUTCDate()}`
      return {
        within: left.intervalJoin('join', right, { lower: { days: -1 }, upper: 0, type: 'left' }, pair),
        versions: left.temporalJoin('temporal', right, { ttl: { hours: 24 }, type: 'left' }, pair),
      }
    })
    expect(sorted(within.values)).toEqual(['10+9 at 10', '20+none at 20'])
    expect(sorted(versions.values)).toEqual(['10+9 at 10', '20+none at 20'])
  })

  inBothForms('take functions as bounds where times have no distances', async (collect) => {
    type Version = readonly [major: number, minor: number]
    const time: TimestampAlgebra<Version> = {
      min: [-1, 0],
      max: [Number.MAX_SAFE_INTEGER, 0],
      compare: (a, b) => a[0] - b[0] || a[1] - b[1],
      merge: (a, b) => (time.compare(a, b) < 0 ? a : b),
    }
    const { out } = await collect((flow) => {
      const [left, right] = [
        at<Version>(
          flow,
          'left',
          [
            [1, 5],
            [2, 0],
          ],
          time,
        ),
        at<Version>(
          flow,
          'right',
          [
            [1, 0],
            [1, 9],
            [2, 1],
            [3, 0],
          ],
          time,
        ),
      ]
      const sameMajor = {
        lower: ([major]: Version) => [major, 0] as const,
        upper: ([major]: Version) => [major, 999] as const,
        unbounded: true,
      } as const
      return { out: left.intervalJoin('join', right, sameMajor, (l, r, _key, t) => `${l.join('.')}+${r.join('.')} at ${t.join('.')}`) }
    })
    expect(sorted(out.values)).toEqual(['1.5+1.0 at 1.5', '1.5+1.9 at 1.9', '2.0+2.1 at 2.1'])
  })
})
