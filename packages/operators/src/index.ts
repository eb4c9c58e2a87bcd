export type { AsyncCall, AsyncOptions, AsyncRetries } from './async/async-options.ts'
export type { BroadcastLogic, KeyedBroadcastLogic } from './broadcast/broadcast.ts'
export type {
  DeadLetter,
  DeadLetterCause,
  ErrorPolicy,
  FailedWindow,
  OnError,
  Results,
  ValidationIssue,
  WithDeadLetters,
} from './error-policy/on-error.ts'
export { defineJob, type JobDefinition } from './job/define-job.ts'
export type { Distance } from './join/distance.ts'
export type { Bound, IntervalJoinOptions, RegularJoinOptions } from './join/interval.ts'
export type { DeadPairs, JoinMethods } from './join/join-methods.ts'
export type { JoinType, LeftOf, RightOf } from './join/join-type.ts'
export type { Retention } from './join/retention.ts'
export type { TableJoinOptions, TableJoinType } from './join/table-join.ts'
export type { WindowJoinOptions } from './join/window-join.ts'
export type { CombineOptions } from './keyed/combine.ts'
export { ExpireMap } from './keyed/expire-map.ts'
export type { TtlOptions } from './keyed/state-ttl.ts'
export { discard } from './sink/discard.ts'
export { forEach } from './sink/for-each.ts'
export { type SinkRecord, toArray, toArrayOfRecords } from './sink/to-array.ts'
export { fromAsyncIterable } from './source/from-async-iterable.ts'
export { fromIterable } from './source/from-iterable.ts'
export type { Emit } from './stateless/flat-map-emit.ts'
export type { Clones } from './stream/clones.ts'
export type { Flow, SourceEpochs } from './stream/flow.ts'
export type { KeyDistributeOptions, KeyedStream } from './stream/keyed-stream.ts'
export type { ControlStream, Stream } from './stream/stream.ts'
export type { EpochSource, OnTimeAndLate, Timestamped } from './stream/timestamped.ts'
export type { Change, Upsert } from './table/change.ts'
export type { Ordered } from './table/ordered.ts'
export type { Table } from './table/table.ts'
export type { DistinctOptions, TableMethods } from './table/table-methods.ts'
export type { TopOptions } from './table/top-rows.ts'
export { type EpochGenerator, limitOutOfOrderness } from './time/epoch-generator.ts'
export { type PeriodicEpochs, type PeriodicOptions, periodic } from './time/periodic-epochs.ts'
export type { SchemaInput, SchemaOutput, StandardSchema, StandardSchemaIssue, StandardSchemaResult } from './validate/standard-schema.ts'
export { type CalendarOptions, calendarDays, calendarMonths } from './window/calendar.ts'
export type { Duration, Size, SizedTime } from './window/duration.ts'
export { global } from './window/global.ts'
export { type ProcessingWindows, processingTime } from './window/processing-time.ts'
export { type SessionOptions, session } from './window/session.ts'
export { everyCount, everyMs, type Trigger } from './window/trigger.ts'
export { type SlidingOptions, sliding, type TumblingOptions, tumbling } from './window/tumbling.ts'
export type { Slices, Window, WindowAssigner, Windows } from './window/window.ts'
export type {
  AccumulatorOptions,
  LateWindowedStream,
  ProcessingWindowedStream,
  WindowAggregate,
  WindowedStream,
  WindowResult,
} from './window/windowed-stream.ts'
