import { bigintTime, dateTime, type KeyedState, type Output, rendezvousSelect, type Sink, type StatefulLogic } from '@malstrom/core'
import {
  defineJob,
  discard,
  type Emit,
  type ExpireMap,
  type Flow,
  forEach,
  fromAsyncIterable,
  fromIterable,
  type KeyedStream,
  limitOutOfOrderness,
  periodic,
  type SinkRecord,
  type Stream,
  toArray,
  toArrayOfRecords,
} from '@malstrom/operators'
import { singleThread } from '@malstrom/runtime'
import { expectTypeOf } from 'vitest'

declare const flow: Flow

interface Payment {
  readonly account: string
  readonly cents: number
  readonly paidAt: Date
}
declare const payments: Stream<Payment, number>

// Types are inferred from left to right, without a type argument anywhere.
const numbers = flow.source('n', fromIterable([1, 2, 3]))
expectTypeOf(numbers).toEqualTypeOf<Stream<number, number>>()
expectTypeOf(
  flow.source(
    'async',
    fromAsyncIterable(
      (async function* () {
        yield 'a'
      })(),
    ),
  ),
).toEqualTypeOf<Stream<string, number>>()
expectTypeOf(
  flow.source(
    'function',
    fromIterable(() => new Set(['a'])),
  ),
).toEqualTypeOf<Stream<string, number>>()

// Stateless
expectTypeOf(numbers.map('m', (n, timestamp) => ({ n, timestamp }))).toEqualTypeOf<Stream<{ n: number; timestamp: number }, number>>()
expectTypeOf(numbers.filter('f', (n, t) => n > t)).toEqualTypeOf<Stream<number, number>>()
expectTypeOf(numbers.map('m', (n): string | number => n).filter('narrow', (v) => typeof v === 'string')).toEqualTypeOf<
  Stream<string, number>
>()
expectTypeOf(numbers.filterMap('fm', (n) => (n > 1 ? String(n) : undefined))).toEqualTypeOf<Stream<string, number>>()
expectTypeOf(numbers.flatMap('fl', (n) => [n, String(n)])).toEqualTypeOf<Stream<string | number, number>>()
expectTypeOf(
  numbers.flatMap('fl', function* (n) {
    yield n
  }),
).toEqualTypeOf<Stream<number, number>>()
expectTypeOf(numbers.flatMapEmit('fe', (n, emit: Emit<string>) => emit(String(n)))).toEqualTypeOf<Stream<string, number>>()
expectTypeOf(numbers.map('lists', (n) => [n, n]).flatten('flat')).toEqualTypeOf<Stream<number, number>>()
expectTypeOf(numbers.map('sets', (n) => new Set([String(n)])).flatten('flat')).toEqualTypeOf<Stream<string, number>>()
expectTypeOf(numbers.inspect('i', (n, timestamp, info) => void [n.toFixed(), timestamp.toFixed(), info.workerId])).toEqualTypeOf<
  Stream<number, number>
>()
expectTypeOf(numbers.inspectFrontier('if', (epoch) => void epoch.toFixed())).toEqualTypeOf<Stream<number, number>>()
expectTypeOf(
  numbers.statelessOp('so', (n, output: Output<string, undefined, number>, key, t) => output.emit(String(n), key, t)),
).toEqualTypeOf<Stream<string, number>>()

// Keys: literals widen, tuples stay tuples.
const keyed = numbers.keyDistribute('k', String)
expectTypeOf(keyed).toEqualTypeOf<KeyedStream<string, number, number>>()
expectTypeOf(numbers.keyDistribute('m', (n) => [2025, n])).toEqualTypeOf<KeyedStream<readonly [number, number], number, number>>()
expectTypeOf(numbers.keyDistribute('p', (n) => n % 2 === 0)).toEqualTypeOf<KeyedStream<boolean, number, number>>()
expectTypeOf(numbers.keyDistribute('b', (n) => BigInt(n))).toEqualTypeOf<KeyedStream<bigint, number, number>>()
expectTypeOf(numbers.keyDistribute('l', (n) => (n > 1 ? 'large' : 'small'))).toEqualTypeOf<KeyedStream<string, number, number>>()
expectTypeOf(payments.keyLocal('a', (p, t) => [p.account, t > 0])).toEqualTypeOf<KeyedStream<readonly [string, boolean], Payment, number>>()
expectTypeOf(keyed.keyDistribute('again', (n, key, t) => key.length + n + t)).toEqualTypeOf<KeyedStream<number, number, number>>()
expectTypeOf(numbers.keyDistribute('r', String, rendezvousSelect)).toEqualTypeOf<KeyedStream<string, number, number>>()
expectTypeOf(keyed.unkey('u')).toEqualTypeOf<Stream<number, number>>()
expectTypeOf(keyed.map('km', (n, key, t) => `${n}${key.length}${t.toFixed()}`)).toEqualTypeOf<KeyedStream<string, string, number>>()
expectTypeOf(keyed.filter('kf', (n, key) => key.length > n)).toEqualTypeOf<KeyedStream<string, number, number>>()
expectTypeOf(keyed.filterMap('kfm', (n, key) => (n > 1 ? key : undefined))).toEqualTypeOf<KeyedStream<string, string, number>>()
expectTypeOf(keyed.flatMap('kfl', (n, key) => [n, key])).toEqualTypeOf<KeyedStream<string, string | number, number>>()
expectTypeOf(keyed.map('ls', (n) => [n]).flatten('kflat')).toEqualTypeOf<KeyedStream<string, number, number>>()

// State
expectTypeOf(
  keyed.fold(
    'f',
    () => ({ n: 0 }),
    (s, v) => ({ n: s.n + v }),
  ),
).toEqualTypeOf<KeyedStream<string, { n: number }, number>>()
expectTypeOf(keyed.reduce('r', (a, b, key, t) => a + b + key.length + t)).toEqualTypeOf<KeyedStream<string, number, number>>()
expectTypeOf(
  keyed.statefulMap(
    's',
    () => 0,
    (s, v, key) => [`${key}${s}`, s + v],
  ),
).toEqualTypeOf<KeyedStream<string, string, number>>()
expectTypeOf(
  keyed.statefulMap(
    's',
    () => 0,
    (s, v) => [s > 1, s > 9 ? undefined : s + v],
  ),
).toEqualTypeOf<KeyedStream<string, boolean, number>>()
expectTypeOf(
  keyed.ttlMap('t', (seen: ExpireMap<string, number, number>, n, key, t) => [seen.get(key), seen.set(key, n, t + 5)]),
).toEqualTypeOf<KeyedStream<string, number | undefined, number>>()

class Batching<K, V, T> implements StatefulLogic<K, V, V[], T, V[]> {
  readonly #size: number
  constructor(size: number) {
    this.#size = size
  }
  init(): V[] {
    return []
  }
  onData(value: V, batch: V[], output: Output<V[], K, T>, key: K, timestamp: T): V[] | undefined {
    batch.push(value)
    if (batch.length < this.#size) return batch
    output.emit(batch, key, timestamp)
    return undefined
  }
  onEpoch(epoch: T, batches: KeyedState<K, V[]>, output: Output<V[], K, T>): void {
    for (const [key, batch] of batches) {
      output.emit(batch, key, epoch)
      batches.delete(key)
    }
  }
}
const batch =
  (name: string, size: number) =>
  <K, V, T>(stream: KeyedStream<K, V, T>) =>
    stream.process(name, new Batching<K, V, T>(size))
expectTypeOf(keyed.process('b', new Batching<string, number, number>(2))).toEqualTypeOf<KeyedStream<string, number[], number>>()
expectTypeOf(keyed.statefulOp('b', new Batching(2))).toEqualTypeOf<KeyedStream<string, number[], number>>()
expectTypeOf(keyed.pipe(batch('b', 2))).toEqualTypeOf<KeyedStream<string, number[], number>>()
expectTypeOf(numbers.pipe((stream) => stream.map('m', String))).toEqualTypeOf<Stream<string, number>>()

// Time
const { onTime, late } = keyed.assignTimestamps('t', (v, key, t) => v + key.length + t).generateEpochs('e', limitOutOfOrderness(1))
expectTypeOf(onTime).toEqualTypeOf<KeyedStream<string, number, number>>()
expectTypeOf(late).toEqualTypeOf<KeyedStream<string, number, number>>()
const dated = payments.assignTimestamps('paid', (p) => p.paidAt, dateTime).generateEpochs('e', limitOutOfOrderness(5_000)).onTime
expectTypeOf(dated).toEqualTypeOf<Stream<Payment, Date>>()
const big = numbers
  .assignTimestamps('big', () => 1n, bigintTime)
  .generateEpochs('e', (_v, t, previous) => (previous === undefined ? t : previous + t)).onTime
expectTypeOf(big).toEqualTypeOf<Stream<number, bigint>>()
expectTypeOf(numbers.generateEpochs('e', (n, t, previous) => n + t + (previous ?? 0)).onTime).toEqualTypeOf<Stream<number, number>>()
expectTypeOf(numbers.generateEpochs('e', periodic({ everyRecords: 10 }, limitOutOfOrderness(5))).onTime).toEqualTypeOf<
  Stream<number, number>
>()
expectTypeOf(dated.generateEpochs('e', periodic({ everyMs: 10 }, limitOutOfOrderness(5))).late).toEqualTypeOf<Stream<Payment, Date>>()
expectTypeOf(
  payments.generateEpochs(
    'e',
    periodic({ everyMs: 10 }, (p, t) => p.cents + t),
  ).onTime,
).toEqualTypeOf<Stream<Payment, number>>()
type Version = readonly [major: number, minor: number]
const versionTime = {
  min: [0, 0] as Version,
  max: [9, 9] as Version,
  compare: (a: Version, b: Version) => a[0] - b[0],
  merge: (a: Version) => a,
}
const versioned = numbers.assignTimestamps('v', (n): Version => [n, 0], versionTime)
expectTypeOf(
  versioned.generateEpochs(
    'e',
    limitOutOfOrderness(1, (v: Version, by: number): Version => [v[0] - by, 0]),
  ).onTime,
).toEqualTypeOf<Stream<number, Version>>()

// Epochs per partition
const epochs = limitOutOfOrderness(5)
expectTypeOf(flow.source('s', fromIterable([1]), { epochs }).onTime).toEqualTypeOf<Stream<number, number>>()
expectTypeOf(flow.source('s', fromIterable(['a']), { epochs: (v, t, p) => v.length + t + (p ?? 0), idleAfterMs: 5 }).late).toEqualTypeOf<
  Stream<string, number>
>()
expectTypeOf(flow.source('s', fromIterable(['a']), { epochs, timestamp: (v, t) => v.length + t }).onTime).toEqualTypeOf<
  Stream<string, number>
>()
expectTypeOf(
  flow.source('s', fromIterable(['a']), {
    epochs: (v, t) => new Date(t.getTime() - v.length),
    timestamp: (_v, t) => new Date(t),
    time: dateTime,
  }).onTime,
).toEqualTypeOf<Stream<string, Date>>()

// Fan-out and fan-in
const { even, all } = numbers.split('p', ['even', 'all'], (n) => (n % 2 ? 'all' : ['even', 'all']))
expectTypeOf(even).toEqualTypeOf<Stream<number, number>>()
expectTypeOf(keyed.split('p', ['a', 'b'], (_n, key) => (key === 'x' ? 'a' : [])).b).toEqualTypeOf<KeyedStream<string, number, number>>()
const [a, b] = numbers.cloned('c', 2)
expectTypeOf(a).toEqualTypeOf<Stream<number, number>>()
expectTypeOf(numbers.cloned('c', 3)).toEqualTypeOf<readonly [Stream<number, number>, Stream<number, number>, Stream<number, number>]>()
expectTypeOf(keyed.cloned('c', 3 as number)).toEqualTypeOf<readonly KeyedStream<string, number, number>[]>()
expectTypeOf(a.union(b, even, all)).toEqualTypeOf<Stream<number, number>>()
expectTypeOf(keyed.union(keyed)).toEqualTypeOf<KeyedStream<string, number, number>>()

// Sinks
const values: number[] = []
const records: SinkRecord<number, string, number>[] = []
numbers.sink('s', toArray(values))
keyed.sink('s', toArrayOfRecords(records))
keyed.sink(
  's',
  forEach((value, key, timestamp) => void [value.toFixed(), key.length, timestamp.toFixed()]),
)
numbers.sink('s', discard())
declare const numbersOnly: Sink<number, unknown, number>
numbers.sink('s', numbersOnly)

// Jobs
const sum = defineJob({ name: 'sum', module: import.meta.url, build: (f) => f.source('n', fromIterable([1])).discard('d') })
const kafka = defineJob({
  name: 'kafka',
  module: import.meta.url,
  build(f, { brokers }: { brokers: string[] }) {
    f.source('n', fromIterable(brokers)).discard('d')
  },
})
singleThread().run(sum)
singleThread().run(kafka, { brokers: [] })

// Misuses that must not compile.
const zero = () => 0
const ofDates = periodic({ everyRecords: 5 }, (_n: number, t: Date) => t)

// @ts-expect-error a key is a primitive or a tuple of primitives
numbers.keyDistribute('k', (n) => ({ n }))
// @ts-expect-error a date is no key
payments.keyLocal('k', (p) => p.paidAt)
// @ts-expect-error a tuple in a tuple is no key
numbers.keyLocal('k', (n) => [n, [n]])
// @ts-expect-error a key is not undefined
numbers.keyLocal('k', (n) => (n > 1 ? n : undefined))
// @ts-expect-error only keyed streams have state: fold
numbers.fold(
  'f',
  () => 0,
  (s: number) => s,
)
// @ts-expect-error only keyed streams have state: statefulMap
numbers.statefulMap(
  's',
  () => 0,
  (s: number) => [s, s],
)
// @ts-expect-error only keyed streams have state: ttlMap
numbers.ttlMap('t', (entries: ExpireMap<string, number, number>) => [1, entries])
// @ts-expect-error only keyed streams have state: statefulOp
numbers.statefulOp('b', new Batching<undefined, number, number>(2))
// @ts-expect-error only keyed streams lose their keys
numbers.unkey('u')
// @ts-expect-error new timestamps need epochs before anything else: map
numbers.assignTimestamps('t', (v) => v).map('m', (v: number) => v)
// @ts-expect-error new timestamps need epochs before anything else: sink
numbers.assignTimestamps('t', (v) => v).sink('s', discard())
// @ts-expect-error new timestamps need epochs before anything else: a second time
numbers.assignTimestamps('t', (v) => v).assignTimestamps('u', (v: number) => v)
// @ts-expect-error timestamps that are no numbers need an algebra
numbers.assignTimestamps('t', () => 1n)
// @ts-expect-error the algebra must be one of the timestamps
numbers.assignTimestamps('t', () => 1n, dateTime)
// @ts-expect-error the timestamps of a source with options need an algebra too
flow.source('s', fromIterable([1]), { epochs: (_v: number, t: Date) => t, timestamp: () => new Date() })
// @ts-expect-error a proposed epoch is a timestamp of the stream
numbers.generateEpochs('e', () => new Date())
// @ts-expect-error a proposed epoch is a timestamp of the stream, also when periodic
numbers.generateEpochs('e', ofDates)
// @ts-expect-error a branch that there is not
numbers.split('p', ['even', 'all'], () => 'odd')
// @ts-expect-error a branch that there is not, on the other side
numbers.split('p', ['even', 'all'], () => 'all').odd
// @ts-expect-error a third clone of two
numbers.cloned('c', 2)[2]
// @ts-expect-error streams with different timestamps do not join
numbers.union(big)
// @ts-expect-error streams with and without keys do not join
numbers.union(keyed)
// @ts-expect-error streams with different keys do not join
keyed.union(numbers.keyLocal('k', (n) => n))
// @ts-expect-error streams with different values do not join
numbers.union(numbers.map('m', String))
// @ts-expect-error every operator has a name: map
numbers.map((n: number) => n)
// @ts-expect-error every operator has a name: flatten
numbers.map('l', (n) => [n]).flatten()
// @ts-expect-error every operator has a name: sink
numbers.sink(discard())
// @ts-expect-error a sink for other values
numbers.map('m', String).sink('s', numbersOnly)
// @ts-expect-error an array for other values
numbers.sink('s', toArray([] as string[]))
// @ts-expect-error an array for records with keys, on a stream without
numbers.sink('s', toArrayOfRecords(records))
// @ts-expect-error a number has no elements
numbers.flatten('f')
// @ts-expect-error flatMap returns an iterable
numbers.flatMap('f', (n) => n)
// @ts-expect-error statefulMap returns a pair
keyed.statefulMap('s', zero, (s, v) => s + v)
// @ts-expect-error the state has one type
keyed.statefulMap('s', zero, (s) => [s, 'text'])
// @ts-expect-error fold returns the type of its state
keyed.fold('f', zero, () => 'text')
// @ts-expect-error reduce stays within the type of the values
keyed.reduce('r', () => 'text')
// @ts-expect-error an operator that emits values of another type than it says
numbers.statelessOp('o', (n, output: Output<string, undefined, number>, key, t) => output.emit(n, key, t))
// @ts-expect-error a logic for other keys
keyed.process('b', new Batching<number, number, number>(2))
// @ts-expect-error stateful logic has init
keyed.process('b', { onData: (_v: number, s: number) => s })
// @ts-expect-error a predicate answers true or false
numbers.filter('f', (n) => String(n))
// @ts-expect-error no method of a stream is called then, or it would be a promise
numbers.then
// @ts-expect-error no method of a keyed stream is called then
keyed.then
// @ts-expect-error a stream has one source
numbers.source('second', fromIterable([1]))
// @ts-expect-error a sink ends the stream
numbers.sink('s', discard()).map('m', (n: number) => n)
// @ts-expect-error an option that there is not
flow.source('s', fromIterable([1]), { epochs, idleAfter: 5 })
// @ts-expect-error an array is no source
flow.source('s', [1, 2])
// @ts-expect-error params are required
singleThread().run(kafka)
// @ts-expect-error other params
singleThread().run(kafka, { brokers: 'one' })
// @ts-expect-error a job without params takes none
singleThread().run(sum, { brokers: [] })
// @ts-expect-error an option of the runtime that there is not
singleThread({ workers: 4 })
