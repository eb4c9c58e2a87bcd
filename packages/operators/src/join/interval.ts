import { checkOptionNames, isTimestamp, MalstromError, type TimestampAlgebra } from '@malstrom/core'
import type { Callback } from '../stream/definition.ts'
import { isNumberTime } from '../time/is-number-time.ts'
import { type Shift, shiftOf, type Units } from '../window/duration.ts'
import { type Distance, distanceOf, negated, ttlOf } from './distance.ts'
import { checkJoinType, JOIN_TYPES, type JoinType } from './join-type.ts'
import { checkRetention, type Retention } from './retention.ts'

/** A bound of an interval join as a function: the timestamp up to which, or from which on, a left record has matches. */
export type Bound<L, T> = (left: L, timestamp: T) => T

interface IntervalType<J extends JoinType> {
  /** What becomes of records without a match. @default 'inner' */
  readonly type?: J
  /**
   * Whose records have one match at most, by what the data are, as a bid has one auction. A record that has found it is
   * not kept. Where the data break the promise, which of the matches is found depends on how they come.
   *
   * @default neither
   */
  readonly matchesOnce?: 'left' | 'right' | 'both'
  /** Whether a right record exactly at the lower bound matches. @default true */
  readonly lowerInclusive?: boolean
  /** Whether a right record exactly at the upper bound matches. @default true */
  readonly upperInclusive?: boolean
}

/**
 * Which right records match a left record, by their timestamps: those between `lower` and `upper`, each a distance from
 * the left timestamp (negative is before it) or a function of the left record. Flink calls it an interval join.
 *
 * State is kept until the frontier passes the last possible match. For a right record that is the last left record that
 * could look back so far: the distance `lower` says how far, but a function does not. So next to a function stands
 * `keepRight`, for how long a right record waits for left ones that come later in time (`lower` then is never more than
 * that before the left timestamp), or `unbounded: true`, which keeps every right record for ever.
 */
export type IntervalJoinOptions<L, T, J extends JoinType> = IntervalType<J> & {
  readonly upper: Distance<T> | Bound<L, T>
} & (
    | { readonly lower: Distance<T>; readonly keepRight?: never; readonly unbounded?: never }
    | { readonly lower: Bound<L, T>; readonly keepRight: Distance<T>; readonly unbounded?: never }
    | { readonly lower: Bound<L, T>; readonly unbounded: true; readonly keepRight?: never }
  )

export type RegularJoinOptions<T, J extends JoinType> = Retention<T> & Pick<IntervalType<J>, 'type' | 'matchesOnce'>

/** What decides whether two records match, and when a record can have no match any more. */
export interface Interval {
  readonly type: JoinType
  /** Set if functions of the left record bound it. */
  readonly byLeft: boolean
  /** The first timestamp that a left record matches; `undefined` if there is none. */
  lowerOf(left: unknown, timestamp: unknown): unknown
  upperOf(left: unknown, timestamp: unknown): unknown
  /** The earliest and latest left timestamps that match a right record, where distances bound it; otherwise `undefined`. */
  leftFrom(timestamp: unknown): unknown
  leftTo(timestamp: unknown): unknown
  /** The distances that bound it, where they do and times are numbers: what the functions above do, without calls. */
  readonly distances: { readonly lower: number; readonly upper: number } | undefined
  readonly lowerInclusive: boolean
  readonly upperInclusive: boolean
  /** Whether a record that has found a match has no other. */
  readonly leftOnce: boolean
  readonly rightOnce: boolean
}

interface ErasedIntervalOptions {
  readonly type?: JoinType
  readonly matchesOnce?: unknown
  readonly lower: unknown
  readonly upper: unknown
  readonly lowerInclusive?: boolean
  readonly upperInclusive?: boolean
  readonly keepRight?: unknown
  readonly unbounded?: boolean
}

const INTERVAL_OPTIONS = ['type', 'matchesOnce', 'lower', 'upper', 'lowerInclusive', 'upperInclusive', 'keepRight', 'unbounded', 'onError']

/** @throws MalstromError `ERR_OPERATOR_ARGUMENT` */
export function checkInterval(options: ErasedIntervalOptions, time: TimestampAlgebra<unknown>): Interval {
  checkOptionNames('intervalJoin', options, INTERVAL_OPTIONS)
  const { lowerInclusive = true, upperInclusive = true } = options
  const type = checkJoinType(options.type, JOIN_TYPES)
  const lower = boundOf(options.lower, 'lower', time)
  const upper = boundOf(options.upper, 'upper', time)
  const kept = checkKeeping(typeof lower === 'function', options, time)
  const byDistance = typeof lower !== 'function' || typeof upper !== 'function' || kept !== undefined
  const shift: Shift = byDistance ? shiftOf(time) : (timestamp) => timestamp
  if (typeof lower !== 'function' && typeof upper !== 'function') checkOrder(lower, upper, lowerInclusive && upperInclusive)
  /** How far a left record looks back at most. */
  const back = typeof lower === 'function' ? kept : negated(lower)
  return {
    type,
    ...checkOnce(options.matchesOnce),
    byLeft: typeof lower === 'function' || typeof upper === 'function',
    lowerOf: typeof lower === 'function' ? cutBelow(checkedBound(lower, time), time, kept, shift) : (_left, t) => shift(t, lower),
    upperOf: typeof upper === 'function' ? checkedBound(upper, time) : (_left, t) => shift(t, upper),
    leftFrom: typeof upper === 'function' ? () => undefined : shiftedBy(negated(upper), shift),
    leftTo: back === undefined ? () => undefined : shiftedBy(back, shift),
    distances: isNumberTime(time) && typeof lower === 'number' && typeof upper === 'number' ? { lower, upper } : undefined,
    lowerInclusive,
    upperInclusive,
  }
}

/** Every pair of equal key, within `ttl` of each other or at any time. */
export function regularInterval(
  options: { readonly type?: JoinType; readonly matchesOnce?: unknown; readonly ttl?: unknown; readonly unbounded?: boolean },
  time: TimestampAlgebra<unknown>,
): Interval {
  checkOptionNames('join', options, ['type', 'matchesOnce', 'ttl', 'unbounded', 'onError'])
  checkRetention(options)
  const { matchesOnce } = options
  const type = checkJoinType(options.type, JOIN_TYPES)
  if (options.ttl !== undefined) {
    const ttl = ttlOf(options.ttl, time)
    return checkInterval({ type, matchesOnce, lower: negated(ttl), upper: ttl }, time)
  }
  const always = () => undefined
  const bounds = { lowerOf: always, upperOf: always, leftFrom: always, leftTo: always }
  return { type, ...checkOnce(matchesOnce), byLeft: false, ...bounds, distances: undefined, lowerInclusive: true, upperInclusive: true }
}

function checkOnce(side: unknown): Pick<Interval, 'leftOnce' | 'rightOnce'> {
  if (side === undefined || side === 'left' || side === 'right' || side === 'both') {
    return { leftOnce: side === 'left' || side === 'both', rightOnce: side === 'right' || side === 'both' }
  }
  throw new MalstromError('ERR_OPERATOR_ARGUMENT', `matchesOnce is 'left', 'right' or 'both', not ${JSON.stringify(side)}.`)
}

function boundOf(bound: unknown, what: string, time: TimestampAlgebra<unknown>): Callback | Units {
  return typeof bound === 'function' ? (bound as Callback) : distanceOf(bound, what, time)
}

/** For how long right records wait for left ones; `undefined` if for ever, or if the lower bound says it. */
function checkKeeping(
  lowerByLeft: boolean,
  { keepRight, unbounded }: ErasedIntervalOptions,
  time: TimestampAlgebra<unknown>,
): Units | undefined {
  const said = Number(keepRight !== undefined) + Number(unbounded === true)
  if (said === (lowerByLeft ? 1 : 0)) return keepRight === undefined ? undefined : distanceOf(keepRight, 'keepRight', time)
  throw new MalstromError(
    'ERR_OPERATOR_ARGUMENT',
    lowerByLeft
      ? 'a lower bound that is a function does not say how long right records are kept. Add keepRight, how far before a left record a match can be, or unbounded: true to keep them for ever; not both.'
      : 'keepRight and unbounded belong to a lower bound that is a function; a distance says how long right records are kept.',
  )
}

function checkOrder(lower: Units, upper: Units, inclusive: boolean): void {
  if (inclusive ? lower <= upper : lower < upper) return
  throw new MalstromError(
    'ERR_OPERATOR_ARGUMENT',
    `no record is between the lower bound ${lower} and the upper bound ${upper}${inclusive ? '' : ', of which one is exclusive'}. Both are added to the left timestamp; the lower bound is the smaller one.`,
  )
}

function shiftedBy(units: Units, shift: Shift): (timestamp: unknown) => unknown {
  return (timestamp) => shift(timestamp, units)
}

/** A lower bound that is never further back than right records are kept. */
function cutBelow(bound: Interval['lowerOf'], time: TimestampAlgebra<unknown>, kept: Units | undefined, shift: Shift): Interval['lowerOf'] {
  if (kept === undefined) return bound
  const furthest = negated(kept)
  return (left, timestamp) => {
    const given = bound(left, timestamp)
    const cut = shift(timestamp, furthest)
    return time.compare(given, cut) < 0 ? cut : given
  }
}

function checkedBound(f: Callback, time: TimestampAlgebra<unknown>): Interval['lowerOf'] {
  return (left, timestamp) => {
    const bound = f(left, timestamp)
    if (isTimestamp(time, bound)) return bound
    throw new MalstromError('ERR_TIMESTAMP_INVALID', `A bound of an interval join is ${String(bound)}, which is no timestamp.`)
  }
}
