import type { OperatorWait, TimestampAlgebra } from '@malstrom/core'
import type { OnError } from '../error-policy/on-error.ts'
import { withPolicy } from '../error-policy/record-policy.ts'
import { stateWithin } from '../keyed/state-within.ts'
import type { OperatorDefinition } from '../stream/definition.ts'
import { KeptBack, keysText } from '../time/kept-back.ts'
import { type KeySlices, packSlices, unpackSlices } from '../window/key-slices.ts'
import { fireLines, recordLines } from '../window/sliced-window-code.ts'
import { SlicedWindows } from '../window/sliced-windows.ts'
import { type Window, type WindowAssigner, windowAt } from '../window/window.ts'
import { JoinResults } from './failed-call.ts'
import { LEFT } from './join-type.ts'

type Emit = (value: unknown, key: unknown, timestamp: unknown) => void

/** Makes the records of both streams in a complete window into results, which carry `last`. */
export type Complete = (meeting: Meeting, window: Window<unknown>, last: unknown, key: unknown, emit: Emit) => void

export interface Meeting {
  readonly lefts: readonly unknown[]
  readonly rights: readonly unknown[]
}

const NONE: unknown[] = []

/** What a key has of both streams in one window. */
class OpenMeeting implements Meeting {
  lefts = NONE
  rights = NONE

  // The first of an array is in it from the start: most have few, and an array that grows from nothing takes room for many.
  add(side: number, value: unknown): this {
    if (side === LEFT) {
      if (this.lefts.length === 0) this.lefts = [value]
      else this.lefts.push(value)
    } else if (this.rights.length === 0) this.rights = [value]
    else this.rights.push(value)
    return this
  }
}

/**
 * Joins in windows of which a record is in one only, and which are the same for all keys: as windows of one stream are kept, with
 * one entry of the queue for each window and none for each key.
 */
export function slicedMeetings(kind: string, assigner: WindowAssigner<unknown>, complete: Complete, onError: OnError): OperatorDefinition {
  const { description } = assigner
  return withPolicy(onError, {
    kind: `${kind}OfSlices${description === undefined ? '' : ` of ${description}`}`,
    state: stateWithin<KeySlices>({}, packMeetings, unpackMeetings),
    open(context, { time }) {
      const results = new JoinResults(onError, context)
      const { policy, emit } = results
      let emitted: Window<unknown>
      const windows = new SlicedWindows(context, time, assigner, {
        init: () => new OpenMeeting(),
        // Which stream a record is of is known to `record` only.
        add: (meeting) => meeting,
        merge: undefined,
        emit(meeting, window) {
          emitted = window
          return meeting
        },
        version: undefined,
        migrate: undefined,
      })
      windows.send = (meeting, key, last) => complete(meeting as Meeting, emitted, last, key, emit)
      return {
        snapshot: () => windows.frontier,
        restore: (saved) => windows.restore(saved),
        explain: () => [explainKept(windows, time, assigner)],
        arrived: (key, state) => windows.watch(key, state as KeySlices),
        record: (code, record) => recordLines(code, record, windows, (meeting) => `${meeting}.add(${record.side}, ${record.value})`),
        epoch(code, epoch) {
          results.setup(code)
          return `${fireLines(code, epoch, time, windows)}\n${policy.epochLines(code, epoch)}`
        },
        interpret(next, deadLetters) {
          results.interpret(next, deadLetters)
          const advance = policy.epochs(next, deadLetters)
          return {
            data: (value, key, timestamp, side = LEFT) => {
              if (windows.isLate(timestamp)) context.counters.late++
              else windows.update(key, timestamp, (meeting) => (meeting as OpenMeeting).add(side, value))
            },
            epoch: (epoch) => {
              windows.advance(epoch)
              advance(epoch)
            },
          }
        },
      }
    },
  })
}

function explainKept(windows: SlicedWindows, time: TimestampAlgebra<unknown>, assigner: WindowAssigner<unknown>): OperatorWait {
  const kept = new KeptBack(time)
  for (const [, state] of windows.store) {
    const { slices, accumulators } = state.pack()
    slices.forEach((slice, index) => {
      const { lefts, rights } = accumulators[index] as Meeting
      kept.add(assigner.lastOf(windowAt(windows.slices, slice)), lefts.length + rights.length)
    })
  }
  return kept.wait(`records in open windows of ${keysText(windows.store.size)}`)
}

function packMeetings(state: KeySlices): unknown {
  const { accumulators, ...slices } = packSlices(state)
  return { ...slices, accumulators: accumulators.map((meeting) => ({ ...(meeting as Meeting) })) }
}

function unpackMeetings(data: unknown): KeySlices {
  return unpackSlices(data, (meeting) => Object.assign(new OpenMeeting(), meeting))
}
