import { multiThread } from 'malstrom'
import job from './job.ts'

const execution = await multiThread({ workers: 4 }).start(job, { words: 1_000 })
await execution.finished
console.log(execution.status().recordsOut)
