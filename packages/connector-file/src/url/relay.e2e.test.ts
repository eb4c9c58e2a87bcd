import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { readAll } from '../fixture/read-partition.ts'
import { TemporaryFolder } from '../fixture/temporary-folder.ts'
import { streamFile } from '../stream-file/stream-file.ts'

it('standard input is relayed to a file, and that to standard output', async () => {
  using folder = new TemporaryFolder()
  const path = folder.file('x.ss')
  const job = fileURLToPath(new URL('../fixture/relay-job.ts', import.meta.url))
  const run = (from: string, to: string, input: string) =>
    spawnSync(process.execPath, ['--conditions=@malstrom/source', '--import', 'tsx', job, from, to], {
      input,
      encoding: 'utf8',
      timeout: 30_000,
    })
  const lines = Array.from(
    { length: 100 },
    (_, i) => `[2026-01-02T03:04:05.${100 + i} | a | ${i + 1} | ${(i % 3) + 1}] ["größe", ${i}]\n`,
  ).join('')
  expect(run('stdio:///a', `file://${path}/`, `${lines}[b] not this\n`)).toMatchObject({ status: 0, stderr: '' })
  expect((await readAll(streamFile(path))).values).toHaveLength(100)
  expect(run(`file://${path}/a`, 'stdio:///', '')).toMatchObject({ status: 0, stderr: '', stdout: lines })
})
