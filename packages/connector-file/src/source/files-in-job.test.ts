import { appendFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineJob, forEach } from '@malstrom/operators'
import { singleThread } from '@malstrom/runtime'
import { expect, it } from 'vitest'
import { TemporaryFolder } from '../fixture/temporary-folder.ts'
import { filesIn } from './files-in.ts'
import { textFile } from './text-file.ts'

it('a job reads files that come into a folder while it runs', { timeout: 30_000 }, async () => {
  using folder = new TemporaryFolder()
  const path = (name: string) => join(folder.path, name)
  writeFileSync(path('a.log'), 'a1\n')
  const lines: string[] = []
  const job = defineJob({
    name: 'folder',
    module: import.meta.url,
    build: (flow) =>
      flow.source('lines', textFile(filesIn(folder.path, { match: '*.log' }), { follow: true })).sink(
        'lines out',
        forEach((line) => void lines.push(line)),
      ),
  })
  const execution = await singleThread().start(job)
  await expect.poll(() => lines, { timeout: 10_000 }).toEqual(['a1'])
  writeFileSync(path('b.tmp'), 'b1\n')
  renameSync(path('b.tmp'), path('b.log'))
  appendFileSync(path('a.log'), 'a2\n')
  await expect.poll(() => [...lines].sort(), { timeout: 10_000 }).toEqual(['a1', 'a2', 'b1'])
  await execution.cancel()
})
