import { diskPersistence } from '@malstrom/persistence'
import { singleThread } from 'malstrom'
import { countingJob } from './src/state/counting-job.ts'
import { Feed } from './src/state/feed.ts'
for (let i = 0; i < 3; i++) { const t = performance.now(); const a = await singleThread({ persistence: diskPersistence(process.argv[2]!) }).start(countingJob(new Feed(1e6))); console.log('restore', (performance.now() - t).toFixed(0)); await a.cancel() }
