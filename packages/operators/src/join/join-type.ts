import { MalstromError } from '@malstrom/core'

/**
 * What becomes of records without a match: an `inner` join drops them, a `left` join keeps those of the stream it is
 * called on, a `right` join those of the other, an `outer` join both. The missing side is `undefined`.
 */
export type JoinType = 'inner' | 'left' | 'right' | 'outer'

/** The left argument of a join's function. */
export type LeftOf<J extends JoinType, L> = J extends 'right' | 'outer' ? L | undefined : L

/** The right argument of a join's function. */
export type RightOf<J extends JoinType, R> = J extends 'left' | 'outer' ? R | undefined : R

/** The sides of a join, as `RecordNames.side` numbers them. */
export const LEFT = 0
export const RIGHT = 1

export function keepsLeft(type: JoinType): boolean {
  return type === 'left' || type === 'outer'
}

export function keepsRight(type: JoinType): boolean {
  return type === 'right' || type === 'outer'
}

export function checkJoinType<J extends JoinType>(type: J | undefined, allowed: readonly J[]): J {
  if (type === undefined) return allowed[0] as J
  if (allowed.includes(type)) return type
  throw new MalstromError(
    'ERR_OPERATOR_ARGUMENT',
    `the type of this join is one of ${allowed.map((known) => `'${known}'`).join(', ')}, not ${JSON.stringify(type) ?? 'a function'}.`,
  )
}

export const JOIN_TYPES: readonly JoinType[] = ['inner', 'left', 'right', 'outer']
