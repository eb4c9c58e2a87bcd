import {
  type AsyncCall,
  type AsyncOptions,
  type DeadLetter,
  type Flow,
  fromIterable,
  type KeyedStream,
  type Stream,
  type WithDeadLetters,
} from '@malstrom/operators'
import { expectTypeOf } from 'vitest'

declare const flow: Flow
const numbers = flow.source('n', fromIterable([1, 2, 3]))
const keyed = numbers.keyDistribute('k', (n) => String(n))

expectTypeOf(numbers.mapAsync('m', async (n, timestamp) => [n, timestamp] as const)).toEqualTypeOf<
  Stream<readonly [number, number], number>
>()
expectTypeOf(keyed.mapAsync('m', async (n, key) => `${key}${n}`, { ordered: false })).toEqualTypeOf<KeyedStream<string, string, number>>()
numbers.mapAsync('m', async (_n, _timestamp, call) => expectTypeOf(call).toEqualTypeOf<AsyncCall>())
keyed.mapAsync('m', async (_n, key, _timestamp, { signal, attempt }) => {
  expectTypeOf(key).toEqualTypeOf<string>()
  expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
  expectTypeOf(attempt).toEqualTypeOf<number>()
})

// One stream, or with dead letters two; a dead letter is as the record came in
expectTypeOf(numbers.mapAsync('m', async (n) => `${n}`, { onError: 'skip', capacity: 5 })).toEqualTypeOf<Stream<string, number>>()
expectTypeOf(numbers.mapAsync('m', async (n) => `${n}`, { onError: 'deadLetter' })).toEqualTypeOf<
  WithDeadLetters<Stream<string, number>, Stream<DeadLetter<number, undefined, number>, number>>
>()
expectTypeOf(
  keyed.mapAsync('m', async (n, key) => `${key}${n}`, { onError: 'deadLetter', retries: { attempts: 2, backOffMs: 10 } }),
).toEqualTypeOf<WithDeadLetters<KeyedStream<string, string, number>, KeyedStream<string, DeadLetter<number, string, number>, number>>>()
const patient: AsyncOptions = { timeoutMs: 60_000 }
expectTypeOf(numbers.mapAsync('m', async (n) => n, patient)).toEqualTypeOf<Stream<number, number>>()

// @ts-expect-error there is no such policy
numbers.mapAsync('m', async (n) => n, { onError: 'drop' })
// @ts-expect-error with dead letters there are two streams
numbers.mapAsync('m', async (n) => n, { onError: 'deadLetter' }).map('n', (n) => n)
// @ts-expect-error without dead letters there is one
numbers.mapAsync('m', async (n) => n, { onError: 'skip' }).deadLetters
// @ts-expect-error a function that returns no promise
numbers.mapAsync('m', (n) => n)
// @ts-expect-error an option that there is not
numbers.mapAsync('m', async (n) => n, { concurrency: 5 })
// @ts-expect-error retries say how long to wait
numbers.mapAsync('m', async (n) => n, { retries: { attempts: 3 } })
