import { indexSelect } from '@malstrom/core'
import { fromIterable } from '../source/from-iterable.ts'
import type { Flow } from './flow.ts'

declare const flow: Flow
const n = flow.source('n', fromIterable([1, 2]))
const a = n.keyDistribute('index', (value) => value, indexSelect)
const b = n.keyDistribute('index', (value) => value % 2, indexSelect)
const c = n.keyDistribute('index', (value: number) => value, indexSelect)

export { a, b, c }

import { rendezvousSelect, type WorkerId } from '@malstrom/core'
import { expectTypeOf } from 'vitest'
import type { KeyedStream } from './keyed-stream.ts'

expectTypeOf(a).toEqualTypeOf<KeyedStream<number, number, number>>()
expectTypeOf(b).toEqualTypeOf<KeyedStream<number, number, number>>()
expectTypeOf(n.keyDistribute('x', String, rendezvousSelect)).toEqualTypeOf<KeyedStream<string, number, number>>()
expectTypeOf(n.keyDistribute('x', (v) => [2025, v], rendezvousSelect)).toEqualTypeOf<
  KeyedStream<readonly [number, number], number, number>
>()
expectTypeOf(
  n.keyDistribute(
    'x',
    (v) => (v % 2 === 0 ? 'a' : 'b'),
    (k, workers) => {
      expectTypeOf(k).toExtend<string>()
      return workers[0] as WorkerId
    },
  ),
).toEqualTypeOf<KeyedStream<string, number, number>>()
// @ts-expect-error strings
n.keyDistribute('index', (value) => String(value), indexSelect)
