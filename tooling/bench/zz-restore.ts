import { mkdtempSync } from 'node:fs'
import { diskPersistence } from '@malstrom/persistence'
import { singleThread } from 'malstrom'
import { countingJob } from './src/state/counting-job.ts'
import { Feed } from './src/state/feed.ts'
const KEYS = 1_000_000
const directory = mkdtempSync('/tmp/malstrom-zz-')
const feed = new Feed(KEYS)
const e = await singleThread({ persistence: diskPersistence(directory), snapshotIntervalMs: Infinity }).start(countingJob(feed))
await feed.touch(KEYS)
for (let i = 0; i < 4; i++) { await feed.touch(KEYS); const t = performance.now(); const c = process.cpuUsage(); await e.snapshot(); const u = process.cpuUsage(c); console.log('snapshot', (performance.now() - t).toFixed(0), u.user / 1000, u.system / 1000) }
await e.suspend()
if (process.argv[2]) process.exit()
for (let i = 0; i < 3; i++) { const t = performance.now(); const a = await singleThread({ persistence: diskPersistence(directory) }).start(countingJob(new Feed(KEYS))); console.log('restore', (performance.now() - t).toFixed(0)); await a.cancel() }
