import type { StatefulLogic, Timers } from '@malstrom/core'
import type { KeyedStream } from '@malstrom/operators'
import { expectTypeOf } from 'vitest'

declare const clicks: KeyedStream<string, { readonly page: string }, bigint>

// Processing time is in milliseconds, whatever the timestamps are; the types follow from the stream.
const quiet = clicks.statefulOp('quiet', {
  init: () => ({ count: 0 }),
  onData(_click, state, output: { emit(value: number, key: string, timestamp: bigint): void }, key, timestamp, timers) {
    expectTypeOf(timers).toEqualTypeOf<Timers<bigint>>()
    expectTypeOf(timers.now()).toEqualTypeOf<number>()
    expectTypeOf(timers.frontier()).toEqualTypeOf<bigint | undefined>()
    timers.at(timestamp + 10n)
    timers.atMs(timers.now() + 10)
    output.emit(1, key, timestamp)
    return state
  },
  onProcessingTimer(ms, state, _output, key, timers) {
    expectTypeOf(ms).toEqualTypeOf<number>()
    expectTypeOf(key).toEqualTypeOf<string>()
    expectTypeOf(timers.cancelMs(ms)).toEqualTypeOf<boolean>()
    return state
  },
})
expectTypeOf(quiet).toEqualTypeOf<KeyedStream<string, number, bigint>>()

declare const timers: Timers<bigint>
// @ts-expect-error milliseconds are numbers
timers.atMs(10n)
// @ts-expect-error event time is of the stream's own kind
timers.at(10)
// @ts-expect-error a timestamp is no moment of processing time
timers.cancelMs(timers.frontier())
// @ts-expect-error the state comes back, or undefined
export const logic: StatefulLogic<string, number, number, bigint, number>['onProcessingTimer'] = () => 'state'
