export { ScriptedSink, type ScriptedSinkOptions } from './doubles/scripted-sink.ts'
export { type ScriptedPartition, ScriptedSource } from './doubles/scripted-source.ts'
export type { ExternalSystem, SuiteLimits } from './external-system.ts'
export { type PlayableWorker, type PlayableWorkerOptions, type PlayedJob, type PlayOptions, playJob } from './job/play-job.ts'
export { type RandomGraph, randomGraph } from './job/random-graph.ts'
export { buildRandomStreams, type RandomStream } from './job/random-streams.ts'
export { type Collect, errorOf, inBothForms, type TaskForm, taskForms, type Watched } from './job/task-forms.ts'
export { VirtualEnvironment } from './job/virtual-environment.ts'
export type { SourceRecord } from './recording-output.ts'
export { type AccountsJob, accountsJob } from './simulation/accounts-job.ts'
export { runAccounts } from './simulation/run-accounts.ts'
export { runShops } from './simulation/run-shops.ts'
export { type ShopsJob, shopsJob } from './simulation/shops-job.ts'
export {
  type SimulatedWorld,
  type SimulationFaults,
  type SimulationOptions,
  type SimulationResult,
  simulate,
} from './simulation/simulate.ts'
export { SimulatedSink } from './simulation/simulated-sink.ts'
export { type SimulatedRecord, SimulatedSource } from './simulation/simulated-source.ts'
export type { VisibleRecord } from './simulation/sink-transactions.ts'
export { sinkSuite } from './sink-suite.ts'
export type { SinkRecord, SinkSuiteOptions } from './sink-suite-options.ts'
export { sourceSuite } from './source-suite.ts'
export type { ExpectedPartition, SourceSuiteOptions } from './source-suite-options.ts'
export { objectStoreSuite } from './store-suite.ts'
export type { StoreSuiteOptions } from './store-suite-options.ts'
export type { Replacements } from './test-job/replace-nodes.ts'
export {
  type TestJob,
  type TestJobArguments,
  type TestJobOptions,
  type TestJobStatus,
  type TestState,
  testJob,
} from './test-job/test-job.ts'
export { type TestSink, type TestSinkOptions, testSink } from './test-job/test-sink.ts'
export { type TestSourceOptions, testSource } from './test-job/test-source.ts'
export { timestampLaws } from './timestamp-laws.ts'
export { transportSuite } from './transport-suite.ts'
export type { TransportEnd, TransportPair, TransportSuiteOptions } from './transport-suite-options.ts'
