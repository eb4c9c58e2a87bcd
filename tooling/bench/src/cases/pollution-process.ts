import { contestantsOf } from '../contest.ts'
import { pollute } from '../pollute.ts'
import { runRounds } from '../rounds.ts'
import { median } from '../statistics.ts'
import { pipeline5 } from './pipeline-5.ts'

// Started by pollution.ts: prints the nanoseconds per record of ours alone on pipeline-5.
if (process.argv[2] === 'polluted') await pollute(['malstrom'])
const ours = contestantsOf(pipeline5, pipeline5.records, 0).filter(({ name }) => name === 'malstrom')
const samples = await runRounds(ours, { warmup: 2, counted: 7 })
console.log(median(samples.get('malstrom') ?? []))
