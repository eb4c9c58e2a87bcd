import { checkOptionNames, type TimestampAlgebra } from '@malstrom/core'
import { bigintReckoning, kindOf, numberReckoning, positiveUnitsOf, type Size, type SizedTime } from './duration.ts'
import type { Window, WindowAssigner, Windows } from './window.ts'

export interface SessionOptions {
  /** A session ends when a key has had no record for so long. Records that are exactly so far apart are in one session. */
  readonly gap: Size
}

/**
 * Windows that follow the activity of each key: from its first record to `gap` after its last. A session is
 * complete when the frontier reaches its end, and not one step before as other windows are, because a record
 * at its end still belongs to it; so results do not depend on when epochs come.
 */
export function session(options: SessionOptions): Windows<SizedTime, true> {
  checkOptionNames('session', options, ['gap'])
  return {
    merging: true,
    assigner<T extends SizedTime>(time: TimestampAlgebra<T>): WindowAssigner<T> {
      const erased = time as unknown as TimestampAlgebra<unknown>
      const gap = positiveUnitsOf(options.gap, 'the gap of sessions', erased)
      const endOf = kindOf(erased) === 'bigint' ? bigintEnd(BigInt(gap)) : numberEnd(erased, Number(gap))
      return {
        merging: true,
        description: `session(${gap})`,
        assign: (timestamp): readonly Window<T>[] => [{ start: timestamp, end: endOf(timestamp as never) as T }],
        lastOf: ({ end }) => end,
      }
    },
  }
}

function numberEnd(time: TimestampAlgebra<unknown>, gap: number): (timestamp: unknown) => unknown {
  const { unitsOf, timestampOf } = numberReckoning(time)
  return (timestamp) => timestampOf(unitsOf(timestamp) + gap)
}

function bigintEnd(gap: bigint): (timestamp: bigint) => bigint {
  return (timestamp) => bigintReckoning.timestampOf(timestamp + gap)
}
