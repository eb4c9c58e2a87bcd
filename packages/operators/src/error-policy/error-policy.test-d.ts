import { dateTime, rendezvousSelect } from '@malstrom/core'
import {
  type Change,
  type DeadLetter,
  type ExpireMap,
  type KeyedStream,
  type Stream,
  type Table,
  type Timestamped,
  tumbling,
  type WithDeadLetters,
} from '@malstrom/operators'
import { expectTypeOf } from 'vitest'
import { z } from 'zod'

declare const numbers: Stream<number, number>
declare const keyed: KeyedStream<string, number, number>
type Dead = Stream<DeadLetter<number, undefined, number>, number>
type DeadKeyed = KeyedStream<string, DeadLetter<number, string, number>, number>

// One stream, or two
expectTypeOf(numbers.map('m', (n) => `${n}`, { onError: 'fail' })).toEqualTypeOf<Stream<string, number>>()
expectTypeOf(numbers.map('m', (n) => `${n}`, { onError: 'skip' })).toEqualTypeOf<Stream<string, number>>()
expectTypeOf(numbers.map('m', (n) => `${n}`, {})).toEqualTypeOf<Stream<string, number>>()
expectTypeOf(numbers.map('m', (n) => `${n}`, { onError: 'deadLetter' })).toEqualTypeOf<WithDeadLetters<Stream<string, number>, Dead>>()
expectTypeOf(keyed.flatMap('f', (n) => [`${n}`], { onError: 'deadLetter' })).toEqualTypeOf<
  WithDeadLetters<KeyedStream<string, string, number>, DeadKeyed>
>()
expectTypeOf(keyed.filter('f', (n): n is 1 => n === 1, { onError: 'deadLetter' }).results).toEqualTypeOf<KeyedStream<string, 1, number>>()
expectTypeOf(
  keyed.fold(
    'f',
    () => '',
    (s, n) => s + n,
    { onError: 'deadLetter', version: 2 },
  ),
).toEqualTypeOf<WithDeadLetters<KeyedStream<string, string, number>, DeadKeyed>>()
expectTypeOf(
  keyed.fold(
    'f',
    () => '',
    (s, n) => s + n,
    { migrate: (saved, version) => `${saved} ${version.toFixed()}` },
  ),
).toEqualTypeOf<KeyedStream<string, string, number>>()
expectTypeOf(
  keyed.statefulMap(
    's',
    () => 0,
    (sum, n) => [`${n}`, sum],
    { onError: 'deadLetter' },
  ).deadLetters,
).toEqualTypeOf<DeadKeyed>()
expectTypeOf(keyed.reduce('r', (a, b) => a + b, { onError: 'skip' })).toEqualTypeOf<KeyedStream<string, number, number>>()

// Dead letters are as the records came in
expectTypeOf(numbers.keyDistribute('k', (n) => `${n}`, { onError: 'deadLetter' })).toEqualTypeOf<
  WithDeadLetters<KeyedStream<string, number, number>, Dead>
>()
expectTypeOf(numbers.keyDistribute('k', (n) => n, { partitioner: (key, workers) => workers[key % 2] ?? 0 })).toEqualTypeOf<
  KeyedStream<number, number, number>
>()
expectTypeOf(
  numbers.keyDistribute('k', (n) => n, { partitioner: rendezvousSelect, onError: 'deadLetter' }).deadLetters,
).toEqualTypeOf<Dead>()
expectTypeOf(keyed.keyLocal('k', (n) => n, { onError: 'deadLetter' }).deadLetters).toEqualTypeOf<DeadKeyed>()
const stamped = numbers.assignTimestamps('t', (n) => new Date(n), dateTime, { onError: 'deadLetter' })
expectTypeOf(stamped).toEqualTypeOf<WithDeadLetters<Timestamped<Stream<number, Date>, number, Date>, Dead>>()
expectTypeOf(numbers.assignTimestamps('t', (n) => n, { onError: 'skip' })).toEqualTypeOf<
  Timestamped<Stream<number, number>, number, number>
>()

// Schemas
const payment = z.object({ account: z.string(), cents: z.coerce.number() })
expectTypeOf(numbers.validate('v', payment)).toEqualTypeOf<Stream<{ account: string; cents: number }, number>>()
expectTypeOf(keyed.validate('v', payment, { onError: 'deadLetter' })).toEqualTypeOf<
  WithDeadLetters<KeyedStream<string, { account: string; cents: number }, number>, DeadKeyed>
>()

// Branches, aggregates, tables
const branches = numbers.split('s', ['a', 'b'], () => 'a', { onError: 'deadLetter' })
expectTypeOf(branches).toEqualTypeOf<WithDeadLetters<{ readonly a: Stream<number, number>; readonly b: Stream<number, number> }, Dead>>()
expectTypeOf(keyed.split('s', ['a'], () => 'a', { onError: 'skip' })).toEqualTypeOf<{ readonly a: KeyedStream<string, number, number> }>()
expectTypeOf(keyed.inspect('i', () => {}, { onError: 'deadLetter' })).toEqualTypeOf<
  WithDeadLetters<KeyedStream<string, number, number>, DeadKeyed>
>()
expectTypeOf(keyed.sum('s', (n) => n, { ttl: 5, onError: 'deadLetter' }).deadLetters).toEqualTypeOf<DeadKeyed>()
expectTypeOf(keyed.max('s', (n) => `${n}`)).toEqualTypeOf<KeyedStream<string, string, number>>()
expectTypeOf(keyed.ttlMap('t', (seen: ExpireMap<string, number, number>, n) => [n, seen], { onError: 'deadLetter' }).results).toEqualTypeOf<
  KeyedStream<string, number, number>
>()
const table = keyed.rows('r').map('m', (n) => `${n}`, { onError: 'deadLetter' })
expectTypeOf(table.results).toEqualTypeOf<Table<string, string, number>>()
expectTypeOf(table.deadLetters).toEqualTypeOf<KeyedStream<string, DeadLetter<Change<number>, string, number>, number>>()

// Windows: records, and windows that have no result
const sums = { init: () => '', add: (sum: string, n: number) => sum + n, emit: (sum: string) => sum.length }
const windowed = keyed.window(tumbling(5)).aggregate('w', sums, { onError: 'deadLetter' })
expectTypeOf(windowed.results).toEqualTypeOf<KeyedStream<string, number, number>>()
windowed.deadLetters.map('which', (letter) => {
  if ('window' in letter) expectTypeOf(letter.value).toEqualTypeOf<string>()
  else expectTypeOf(letter.value).toEqualTypeOf<number>()
  return letter.cause.message
})
expectTypeOf(keyed.window(tumbling(5)).sum('w', (n) => n, { onError: 'deadLetter' }).deadLetters).toEqualTypeOf<DeadKeyed>()
const late = keyed
  .window(tumbling(5))
  .allowedLateness(5, keyed)
  .sum('w', (n) => n, { onError: 'deadLetter' })
expectTypeOf(late.late).toEqualTypeOf<KeyedStream<string, number, number>>()
expectTypeOf(late.deadLetters).toEqualTypeOf<DeadKeyed>()

// Joins: pairs
declare const texts: KeyedStream<string, string, number>
expectTypeOf(
  keyed.join('j', texts, { unbounded: true, type: 'left', onError: 'deadLetter' }, (n, text) => (text?.length ?? 0) + n),
).toEqualTypeOf<
  WithDeadLetters<
    KeyedStream<string, number, number>,
    KeyedStream<string, DeadLetter<readonly [left: number, right: string | undefined], string, number>, number>
  >
>()
expectTypeOf(keyed.coGroup('g', texts, tumbling(5), () => [1], { onError: 'deadLetter' }).deadLetters).toEqualTypeOf<
  KeyedStream<string, DeadLetter<readonly [left: readonly number[], right: readonly string[]], string, number>, number>
>()
expectTypeOf(keyed.windowJoin('w', texts, { window: tumbling(5), onError: 'skip' }, (n) => n)).toEqualTypeOf<
  KeyedStream<string, number, number>
>()

// @ts-expect-error windows without lateness have no late records
windowed.late
// @ts-expect-error without dead letters there are none
keyed.window(tumbling(5)).allowedLateness(5, keyed).count('w').deadLetters
// @ts-expect-error counting calls no function
keyed.window(tumbling(5)).count('w', { onError: 'skip' })
// @ts-expect-error there is no such policy of joins
keyed.join('j', texts, { unbounded: true, onError: 'drop' }, (n) => n)
// @ts-expect-error branches are in the results
branches.a
// @ts-expect-error there is no such policy
numbers.map('m', (n) => n, { onError: 'drop' })
// @ts-expect-error there is no such option
numbers.map('m', (n) => n, { onEror: 'skip' })
// @ts-expect-error with dead letters there are two streams
numbers.map('m', (n) => n, { onError: 'deadLetter' }).map('n', (n) => n)
// @ts-expect-error without dead letters there is one
numbers.map('m', (n) => n, { onError: 'skip' }).deadLetters
// @ts-expect-error a function is no schema
numbers.validate('v', (n: number) => n)
// @ts-expect-error nothing but generateEpochs follows
stamped.results.map('m', (n) => n)
