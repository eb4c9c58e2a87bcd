import { checkOptionNames, MalstromError, messageOf, type TimestampAlgebra } from '@malstrom/core'
import type { OnError } from '../error-policy/on-error.ts'
import { withMethods } from '../stream/arguments.ts'
import type { Callback, OperatorDefinition } from '../stream/definition.ts'
import type { Window, WindowAssigner, Windows } from '../window/window.ts'
import { Dated } from './due-keys.ts'
import { type EpochJoin, epochJoin, LATE } from './epoch-join.ts'
import { guardedCall, hasFailed } from './failed-call.ts'
import { checkJoinType, JOIN_TYPES, type JoinType, keepsLeft, keepsRight, LEFT } from './join-type.ts'
import { type Complete, slicedMeetings } from './sliced-meetings.ts'

export interface WindowJoinOptions<T, J extends JoinType> {
  /** The windows in which records meet, as `tumbling({ minutes: 1 })`. */
  readonly window: Windows<T>
  /** What becomes of records that find none of the other stream in their window. @default 'inner' */
  readonly type?: J
}

export interface ErasedWindowOptions {
  readonly window: Windows<unknown>
  readonly type?: JoinType
  readonly onError?: OnError
}

/** The records of both streams in one window of a key, in the order in which they came. */
interface DatedMeeting {
  readonly window: Window<unknown>
  /** What its results carry, and when it is complete. */
  readonly last: unknown
  readonly lefts: unknown[]
  readonly rights: unknown[]
}

/** The windows of one key that are not complete, in no particular order. */
class Meetings extends Dated {
  open: DatedMeeting[] = []
}

/** The assigner for the times of a stream. @throws MalstromError `ERR_OPERATOR_ARGUMENT` */
export function assignerOf(windows: Windows<unknown>, time: TimestampAlgebra<unknown>): WindowAssigner<unknown> {
  return withMethods(withMethods(windows, 'assigner').assigner(time), 'assign', 'lastOf')
}

/** All pairs of two records in the same window; `f` makes each into a result. */
export function windowJoin(
  options: ErasedWindowOptions,
  f: Callback,
  time: TimestampAlgebra<unknown>,
  onError: OnError,
): OperatorDefinition {
  checkOptionNames('windowJoin', options, ['window', 'type', 'onError'])
  const type = checkJoinType(options.type, JOIN_TYPES)
  const [padsLeft, padsRight] = [keepsLeft(type), keepsRight(type)]
  const call = guardedCall(f, onError)
  const complete: Complete = ({ lefts, rights }, window, last, key, emit) => {
    for (const left of lefts) {
      for (const right of rights) emit(call(left, right, window, key), key, last)
      if (rights.length === 0 && padsLeft) emit(call(left, undefined, window, key), key, last)
    }
    if (lefts.length === 0 && padsRight) for (const right of rights) emit(call(undefined, right, window, key), key, last)
  }
  return meetingJoin('windowJoin', assignerOf(options.window, time), time, complete, onError)
}

/** The records of a window at once; `f` makes them into any number of results. */
export function coGroup(windows: Windows<unknown>, f: Callback, time: TimestampAlgebra<unknown>, onError: OnError): OperatorDefinition {
  const checked: Callback = (lefts, rights, window, key) => {
    const results = f(lefts, rights, window, key)
    if (typeof results?.[Symbol.iterator] !== 'function') rejectResults(results)
    // All of them or none, where a failure is to have no results.
    return onError === 'fail' ? results : [...results]
  }
  const call = guardedCall(checked, onError)
  const complete: Complete = ({ lefts, rights }, window, last, key, emit) => {
    const results = call(lefts, rights, window, key)
    if (hasFailed(results)) emit(results, key, last)
    else for (const result of results) emit(result, key, last)
  }
  return meetingJoin('coGroup', assignerOf(windows, time), time, complete, onError)
}

function meetingJoin(
  kind: string,
  assigner: WindowAssigner<unknown>,
  time: TimestampAlgebra<unknown>,
  complete: Complete,
  onError: OnError,
): OperatorDefinition {
  const { merging, slices, description } = assigner
  if (slices?.perWindow === 1) return slicedMeetings(kind, assigner, complete, onError)
  /** The meeting of a window; of windows that merge, those that it touches become one. */
  function meetingOf(state: Meetings, window: Window<unknown>): DatedMeeting {
    if (!merging) {
      const known = state.open.find(
        (meeting) => time.compare(meeting.window.start, window.start) === 0 && time.compare(meeting.window.end, window.end) === 0,
      )
      return known ?? opened(state, window, [], [])
    }
    const touched = state.open.filter(
      (meeting) => time.compare(meeting.window.start, window.end) <= 0 && time.compare(window.start, meeting.window.end) <= 0,
    )
    const [only] = touched
    if (touched.length === 1 && only !== undefined && isWithin(window, only.window)) return only
    state.open = state.open.filter((meeting) => !touched.includes(meeting))
    const whole = touched.reduce((sum, meeting) => spanOf(sum, meeting.window), window)
    return opened(
      state,
      whole,
      touched.flatMap(({ lefts }) => lefts),
      touched.flatMap(({ rights }) => rights),
    )
  }

  function opened(state: Meetings, window: Window<unknown>, lefts: unknown[], rights: unknown[]): DatedMeeting {
    const meeting: DatedMeeting = { window, last: assigner.lastOf(window), lefts, rights }
    state.open.push(meeting)
    return meeting
  }

  const isWithin = (inner: Window<unknown>, outer: Window<unknown>) =>
    time.compare(outer.start, inner.start) <= 0 && time.compare(inner.end, outer.end) <= 0
  const spanOf = (a: Window<unknown>, b: Window<unknown>): Window<unknown> => ({
    start: time.compare(a.start, b.start) <= 0 ? a.start : b.start,
    end: time.compare(a.end, b.end) >= 0 ? a.end : b.end,
  })
  /** Whether a record in the window comes too late; of windows that merge, whether it meets none that is open. */
  const isComplete = ({ open }: Meetings, window: Window<unknown>, frontier: unknown) =>
    time.compare(assigner.lastOf(window), frontier) <= 0 &&
    !(merging && open.some(({ window: { start, end } }) => time.compare(start, window.end) <= 0 && time.compare(window.start, end) <= 0))
  const put = (meeting: DatedMeeting, side: number, value: unknown) => void (side === LEFT ? meeting.lefts : meeting.rights).push(value)

  const join: EpochJoin<Meetings> = {
    // Part of the kind, as for windows of one stream: records that were kept for other windows are refused.
    kind: description === undefined ? kind : `${kind} of ${description}`,
    create: () => new Meetings(),
    pack: ({ open }) => open,
    unpack: (open: DatedMeeting[]) => Object.assign(new Meetings(), { open }),
    add(state, side, value, timestamp, frontier) {
      let late = true
      for (const window of assigner.assign(timestamp)) {
        const isOver = frontier !== undefined && time.compare(timestamp, frontier) <= 0 && isComplete(state, window, frontier)
        if (isOver) continue
        put(meetingOf(state, window), side, value)
        late = false
      }
      return late ? LATE : this.nextOf(state)
    },
    fire(key, state, epoch, emit) {
      const [only] = state.open
      if (only !== undefined && state.open.length === 1) {
        if (time.compare(only.last, epoch) > 0) return
        state.open = []
        complete(only, only.window, only.last, key, emit)
        return
      }
      const isOver = ({ last }: DatedMeeting) => time.compare(last, epoch) <= 0
      const completed = state.open.filter(isOver)
      state.open = state.open.filter((meeting) => !isOver(meeting))
      completed.sort((a, b) => time.compare(a.last, b.last))
      for (const meeting of completed) complete(meeting, meeting.window, meeting.last, key, emit)
    },
    nextOf: ({ open }) =>
      open.length === 1
        ? open[0]?.last
        : open.reduce<unknown>((least, { last }) => (least === undefined || time.compare(last, least) < 0 ? last : least), undefined),
    isEmpty: ({ open }) => open.length === 0,
    what: 'records in open windows',
    countKept({ open }, kept) {
      for (const { last, lefts, rights } of open) kept.add(last, lefts.length + rights.length)
    },
  }
  return epochJoin(join, onError)
}

function rejectResults(results: unknown): never {
  throw new MalstromError(
    'ERR_OPERATOR_ARGUMENT',
    `${messageOf(results)} is no iterable. Return an array or another iterable of results; an empty one for none.`,
  )
}
