// #region timestamps
import type { TimestampAlgebra } from '@malstrom/core'
import { timestampLaws } from '@malstrom/testing'
import fc from 'fast-check'

/** Versions such as `[1, 20]`, the major number first. */
const versionTime: TimestampAlgebra<readonly [major: number, minor: number]> = {
  min: [0, 0],
  max: [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  compare: (a, b) => a[0] - b[0] || a[1] - b[1],
  merge: (a, b) => (versionTime.compare(a, b) < 0 ? a : b),
}

timestampLaws('versionTime', versionTime, fc.tuple(fc.nat(), fc.nat()))
// #endregion
