export type { Codec } from './codec.ts'
export { didYouMean, nearest } from './did-you-mean.ts'
export { assert, type ErrorContext, type ErrorOptions, MalstromError, messageOf, type Outcome } from './error.ts'
export { type ErrorCode, errorCodes } from './error-code.ts'
export type { Explanation, Finding, FindingKind, JobState, OperatorWait, SnapshotExplanation } from './explanation.ts'
export type {
  Cell,
  FusedOperator,
  OperatorContext,
  OperatorCounters,
  Receiver,
  RecordNames,
  RestoreShare,
  StateStore,
  TaskCode,
} from './fused-operator.ts'
export {
  type Combine,
  type Exchange,
  fingerprintOf,
  type GraphNode,
  type JobGraph,
  type OperatorNode,
  type PartitionEpochs,
  type Port,
  type SinkNode,
  type SourceNode,
  type StateDefinition,
  timeOfPort,
} from './graph.ts'
export { combineHashes, hashKey, hashString, keyGroupOf } from './hash.ts'
export type { Generation, OperatorId, PartitionContext, SnapshotVersion, WorkerId } from './identity.ts'
export type { Job, ParamsOf } from './job.ts'
export { checkKey, type Key, type PrimitiveKey, sameKey, type Widen } from './key.ts'
export type { KeyedState, OperatorInfo, Output, StatefulLogic, StatelessLogic, StateOptions, Timers } from './operator.ts'
export { checkOptionNames } from './option-names.ts'
export { indexSelect, type Partitioner, rendezvousSelect } from './partitioner.ts'
export type { ETag, ObjectStore, PersistenceBackend, ReadableObjectStore } from './persistence.ts'
export type { Execution, JobStatus, OperatorStatusReport, Runtime, SourceStatusReport } from './runtime.ts'
export type { Sink, SinkPartition } from './sink.ts'
export type { Source, SourceContext, SourceOutput, SourcePartition, SourceStatus } from './source.ts'
export { bigintTime, dateTime, isTimestamp, numberTime, type TimestampAlgebra } from './timestamp.ts'
export type {
  EndpointPlace,
  Link,
  LinkEvents,
  PeerId,
  ProcessAddress,
  ProcessEndpoint,
  ProcessKeys,
  ProcessLinks,
  ProcessTransportModule,
  Transport,
} from './transport.ts'
export { WakeUp } from './wake-up.ts'
