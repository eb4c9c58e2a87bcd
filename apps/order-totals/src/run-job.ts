// Runs the job on two threads, in a process of its own that can be killed.
import { multiThread } from 'malstrom'
import job, { type Params } from './job.ts'

const params = JSON.parse(process.argv[2] ?? '') as Params
await multiThread({ workers: 2, snapshotIntervalMs: 500 }).run(job, params)
