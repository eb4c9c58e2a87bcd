export { JobExecution, type JobExecutionOptions } from './coordinator/job-execution.ts'
export { type SingleThreadOptions, singleThread } from './host/single-thread.ts'
export { type Environment, type Failpoint, failpoints } from './worker/environment.ts'
