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
export {
  type SimulatedWorld,
  type SimulationFaults,
  type SimulationOptions,
  type SimulationResult,
  simulate,
} from './simulation/simulate.ts'
export { SimulatedSink, type VisibleRecord } from './simulation/simulated-sink.ts'
export { type SimulatedRecord, SimulatedSource } from './simulation/simulated-source.ts'
export { sinkSuite } from './sink-suite.ts'
export type { SinkRecord, SinkSuiteOptions } from './sink-suite-options.ts'
export { sourceSuite } from './source-suite.ts'
export type { ExpectedPartition, SourceSuiteOptions } from './source-suite-options.ts'
export { objectStoreSuite } from './store-suite.ts'
export type { StoreSuiteOptions } from './store-suite-options.ts'
export { timestampLaws } from './timestamp-laws.ts'
export { transportSuite } from './transport-suite.ts'
export type { TransportEnd, TransportPair, TransportSuiteOptions } from './transport-suite-options.ts'
