import { appendFileSync, readFileSync } from 'node:fs'
import type { Sink } from '@malstrom/core'
import { expect, it } from 'vitest'
import { CONTEXT } from '../fixture/read-partition.ts'
import { TemporaryFolder } from '../fixture/temporary-folder.ts'
import type { StagedLength } from './staged-file-partition.ts'
import { toFile } from './to-file.ts'

it('a commit that comes late, when another start has gone on, takes nothing away', async () => {
  using folder = new TemporaryFolder()
  const path = folder.file('out.txt')
  const sink = toFile(path, { delivery: 'exactly-once' }) as unknown as Sink<string, unknown, unknown, string, StagedLength>
  const zombie = await sink.openPartition(path, undefined, { ...CONTEXT, generation: 1 })
  zombie.write('one', 'key', 0)
  await zombie.flush()
  const saved = zombie.snapshot(1)
  await zombie.commit?.(1)
  zombie.write('two', 'key', 0)
  await zombie.flush()
  zombie.snapshot(2)

  const successor = await sink.openPartition(path, saved, { ...CONTEXT, generation: 2 })
  await successor.commit?.(1)
  for (const [version, line] of [
    [3, 'two again'],
    [4, 'three, which makes it longer'],
  ] as const) {
    successor.write(line, 'key', 0)
    await successor.flush()
    successor.snapshot(version)
    await successor.commit?.(version)
  }
  await expect(zombie.commit?.(2)).rejects.toMatchObject({
    code: 'ERR_FILE',
    message: expect.stringContaining('another start of the job, or another program, writes to it'),
  })
  expect(readFileSync(path, 'utf8')).toBe('one\ntwo again\nthree, which makes it longer\n')

  // What somebody else has appended is kept too.
  appendFileSync(path, 'a stranger\n')
  successor.write('four', 'key', 0)
  await successor.flush()
  successor.snapshot(5)
  await expect(successor.commit?.(5)).rejects.toThrow('writes to it')
  expect(readFileSync(path, 'utf8')).toContain('a stranger')
  await zombie.close()
  await successor.close()
})
