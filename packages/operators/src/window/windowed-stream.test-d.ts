import type { bigintTime } from '@malstrom/core'
import {
  calendarDays,
  everyCount,
  global,
  type KeyedStream,
  type ProcessingWindows,
  processingTime,
  type Stream,
  session,
  sliding,
  tumbling,
  type Window,
} from '@malstrom/operators'
import { expectTypeOf } from 'vitest'

interface Payment {
  readonly cents: number
}
declare const payments: KeyedStream<string, Payment, number>
declare const dated: KeyedStream<readonly [string, number], Payment, Date>
declare const nanoseconds: KeyedStream<string, Payment, typeof bigintTime.min>
declare const versions: KeyedStream<string, Payment, string>
declare const late: KeyedStream<string, Payment, number>

// Types are inferred from left to right.
const sums = payments.window(tumbling({ hours: 1 })).aggregate('sums', {
  init: () => 0,
  add: (sum, payment) => sum + payment.cents,
  emit: (sum, window, account) => {
    expectTypeOf(sum).toEqualTypeOf<number>()
    expectTypeOf(window).toEqualTypeOf<Window<number>>()
    expectTypeOf(account).toEqualTypeOf<string>()
    return { account, sum, hour: window.start }
  },
})
expectTypeOf(sums).toEqualTypeOf<KeyedStream<string, { account: string; sum: number; hour: number }, number>>()

// Without emit, the accumulator is the result.
const counts = dated.window(session({ gap: 5_000 })).aggregate('counts', {
  init: (key) => ({ key, count: 0 }),
  add: (counted, _payment, _key, timestamp) => {
    expectTypeOf(timestamp).toEqualTypeOf<Date>()
    return { ...counted, count: counted.count + 1 }
  },
  merge: (a, b) => ({ ...a, count: a.count + b.count }),
})
expectTypeOf(counts).toEqualTypeOf<KeyedStream<readonly [string, number], { key: readonly [string, number]; count: number }, Date>>()

expectTypeOf(nanoseconds.window(sliding({ size: 10n, slide: 5n })).reduce('largest', (a, b) => (a.cents > b.cents ? a : b))).toEqualTypeOf<
  KeyedStream<string, Payment, bigint>
>()
expectTypeOf(versions.window(global()).process('all', (values) => values.length)).toEqualTypeOf<KeyedStream<string, number, string>>()
expectTypeOf(
  payments
    .window(global())
    .trigger(everyCount(3))
    .discarding()
    .process('three', (values) => values),
).toEqualTypeOf<KeyedStream<string, readonly Payment[], number>>()

// With lateness there are results and what came too late.
const { results, late: tooLate } = payments
  .window(tumbling(60_000))
  .allowedLateness(5_000, late)
  .process('with late ones', (values) => values.length)
expectTypeOf(results).toEqualTypeOf<KeyedStream<string, number, number>>()
expectTypeOf(tooLate).toEqualTypeOf<KeyedStream<string, Payment, number>>()

// Windows of processing time are in milliseconds, whatever the timestamps are.
expectTypeOf(processingTime(session({ gap: 5_000 }))).toEqualTypeOf<ProcessingWindows<true>>()
const recent = nanoseconds.window(processingTime(tumbling({ seconds: 10 }))).aggregate('recent', {
  init: () => 0,
  add: (sum, payment, _key, timestamp) => {
    expectTypeOf(timestamp).toEqualTypeOf<bigint>()
    return sum + payment.cents
  },
  emit: (sum, window) => {
    expectTypeOf(window).toEqualTypeOf<Window<number>>()
    return { sum }
  },
})
expectTypeOf(recent).toEqualTypeOf<KeyedStream<string, { sum: number }, bigint>>()
expectTypeOf(dated.window(processingTime(calendarDays({ timeZone: 'UTC' }))).process('day', (_values, { start }) => start)).toEqualTypeOf<
  KeyedStream<readonly [string, number], number, Date>
>()

const count = { init: () => 0, add: (n: number) => n + 1 }
// @ts-expect-error sessions need merge
payments.window(session({ gap: 5_000 })).aggregate('no merge', count)
// @ts-expect-error windows of numbers and dates on other times
versions.window(tumbling(5))
// @ts-expect-error calendars know no bigints
nanoseconds.window(calendarDays({ timeZone: 'UTC' }))
// @ts-expect-error a stream without keys has no windows
;(payments as unknown as Stream<Payment, number>).window(tumbling(5))
// @ts-expect-error lateness needs the late stream
payments.window(tumbling(5)).allowedLateness(5)
// @ts-expect-error a late stream with other keys
payments.window(tumbling(5)).allowedLateness(5, dated)
// @ts-expect-error a window is no stream yet
payments.window(tumbling(5)).sink
// @ts-expect-error lateness twice
payments.window(tumbling(5)).allowedLateness(5, late).allowedLateness(5, late)
// @ts-expect-error values belong to the window
payments.window(tumbling(5)).process('sorted', (values) => values.sort())
// @ts-expect-error sessions of processing time need merge, too
payments.window(processingTime(session({ gap: 5_000 }))).aggregate('no merge', count)
payments
  .window(processingTime(tumbling(5)))
  .trigger(everyCount(3))
  .discarding()
  .count('early')
// @ts-expect-error nothing is late for windows of processing time
payments.window(processingTime(tumbling(5))).allowedLateness(5, late)
// @ts-expect-error timestamps that cannot be reckoned with
versions.window(processingTime(tumbling(5)))
// @ts-expect-error processing time of what are no windows
processingTime({ seconds: 10 })
