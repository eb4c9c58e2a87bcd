import { textFile } from '@malstrom/connector-file'
import { expect, it } from 'vitest'
import { Follower } from './fixture/follow.ts'
import { TemporaryFolder } from './fixture/temporary-folder.ts'
import { filesIn } from './source/files-in.ts'

// #region folders
const logs = () => textFile(filesIn('logs', { match: '**/*.log' }), { follow: true, onLost: 'start-over' })
// #endregion

it('the README reads the logs of a folder', async () => {
  using folder = new TemporaryFolder()
  folder.file('logs/web/app.log', 'started\n')
  const before = process.cwd()
  process.chdir(folder.path)
  try {
    expect(await logs().listPartitions()).toEqual(['logs/web/app.log'])
    await using follower = await Follower.open(logs(), 'logs/web/app.log')
    expect(await follower.values(1)).toEqual(['started'])
  } finally {
    process.chdir(before)
  }
})
