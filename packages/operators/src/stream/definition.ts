import type { Exchange, FusedOperator, OperatorContext, RecordNames, StateDefinition, TimestampAlgebra } from '@malstrom/core'

/** What the streams that an operator reads have in common. */
export interface InputShape {
  readonly keyed: boolean
  readonly time: TimestampAlgebra<unknown>
}

/** An operator before it has a name and inputs: what a file of this package makes for a stream method. */
export interface OperatorDefinition {
  readonly kind: string
  /** Set if it has a state per key. */
  readonly state?: StateDefinition | ((input: InputShape) => StateDefinition)
  /** @default ['out'] */
  readonly outputNames?: readonly string[]
  /** Outputs that may stay unread; the records that go there are dropped. */
  readonly optionalOutputs?: readonly string[]
  /** The output whose records are as they came in: with the keys and timestamps of the input. */
  readonly deadLetterOutput?: number
  /** Whether the records that come out have keys. @default as the input */
  readonly outputKeyed?: boolean
  /** @default as the input */
  readonly outputTime?: TimestampAlgebra<unknown>
  /** Records move to the worker that owns their key after this operator. */
  readonly exchange?: Exchange
  /** Whether results depend on how many records there are, or on what each of them is by itself: then none may have been combined. */
  readonly needsEach?: boolean | undefined
  open(context: OperatorContext, input: InputShape): FusedOperator
}

/** A user's callback as the engine calls it: type-erased, because the stream's types have checked it. */
// biome-ignore lint/suspicious/noExplicitAny: the erased form of every callback signature
export type Callback = (...args: any[]) => any

/** The arguments `(value, key, timestamp)` on keyed streams and `(value, timestamp)` on others, as code. */
export function callbackArguments(input: InputShape, record: RecordNames): string {
  return input.keyed ? `${record.value}, ${record.key}, ${record.timestamp}` : `${record.value}, ${record.timestamp}`
}

/** The callback with the arguments `(value, key, timestamp)`, whatever the stream. */
export function withKeyArgument(input: InputShape, f: Callback): (value: unknown, key: unknown, timestamp: unknown) => any {
  return input.keyed ? f : (value, _key, timestamp) => f(value, timestamp)
}
