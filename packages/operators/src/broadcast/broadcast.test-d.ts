import { bigintTime } from '@malstrom/core'
import { type Flow, fromIterable, type KeyedStream, limitOutOfOrderness, type Stream } from '@malstrom/operators'
import { expectTypeOf } from 'vitest'

declare const flow: Flow
const numbers = flow.source('n', fromIterable([1, 2, 3]))
const keyed = numbers.keyDistribute('k', (n) => String(n))
const words = flow.source('w', fromIterable(['a']))
const onControl = (known: ReadonlySet<string>, word: string) => new Set([...known, word])
const init = () => new Set<string>()

expectTypeOf(numbers.broadcast('b', words, { init, onControl, onData: (known, n) => known.size + n })).toEqualTypeOf<
  Stream<number, number>
>()
expectTypeOf(
  keyed.broadcast('b', words, { init, onControl, onData: (known, n, key) => (known.has(key) ? String(n) : undefined) }),
).toEqualTypeOf<KeyedStream<string, string, number>>()
expectTypeOf(numbers.broadcast('b', keyed, { init: () => 0, onControl: (sum, n) => sum + n, onData: (sum) => sum })).toEqualTypeOf<
  Stream<number, number>
>()

// @ts-expect-error control records of another type
numbers.broadcast('b', numbers, { init, onControl, onData: (known: ReadonlySet<string>, n) => known.size + n })
const { onTime: other } = words.assignTimestamps('t', () => 1n, bigintTime).generateEpochs('e', (_word, t) => t)
// @ts-expect-error a control stream of other timestamps
numbers.broadcast('b', other, { init, onControl, onData: (known, n) => known.size + n })
// @ts-expect-error logic without a state to begin with
numbers.broadcast('b', words, { onControl, onData: (known, n) => known.size + n })
// @ts-expect-error a control stream is a stream
numbers.broadcast('b', limitOutOfOrderness(5), { init, onControl, onData: (known, n) => known.size + n })
