import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync, truncateSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  endStreamFile,
  repairStreamFile,
  streamFile,
  textFile,
  toRollingFiles,
  toStreamFile,
  verifyStreamFile,
} from '@malstrom/connector-file'
import { defineJob } from '@malstrom/operators'
import { singleThread } from '@malstrom/runtime'
import { expect, it, vi } from 'vitest'
import { Follower } from './fixture/follow.ts'
import { PATIENCE_MS } from './fixture/property-settings.ts'
import { CONTEXT } from './fixture/read-partition.ts'
import { TemporaryFolder } from './fixture/temporary-folder.ts'
import { filesIn } from './source/files-in.ts'

vi.setConfig({ testTimeout: PATIENCE_MS })

// #region folders
const logs = () => textFile(filesIn('logs', { match: '**/*.log' }), { follow: true, onLost: 'start-over' })
// #endregion

interface Order {
  readonly amount: number
}

// #region rolling
const parts = () =>
  toRollingFiles<Order, string, number>('orders', {
    name: '{date}-{sequence}.ndjson',
    maxFileBytes: 64 * 1024 * 1024,
    maxFileAgeMs: 60_000,
    folderOf: (_order, customer) => `customer=${encodeURIComponent(customer)}`,
  })
// #endregion

// #region stream-file
const copy = defineJob({
  name: 'copy',
  module: import.meta.url,
  build(flow, { from, to }: { from: string; to: string }) {
    flow.source('from', streamFile(from, { keys: ['clicks'] })).sink('to', toStreamFile(to))
  },
})

async function copyAfterCrash(from: string, to: string): Promise<number> {
  const { removedBytes } = await repairStreamFile(from)
  await singleThread().run(copy, { from, to })
  await endStreamFile(to)
  return removedBytes
}
// #endregion

it('the README copies a stream file after a crash', async () => {
  using folder = new TemporaryFolder()
  const from = folder.file('from.ss')
  const partition = await toStreamFile(from).openPartition(from, undefined, CONTEXT)
  for (const [key, payload] of [
    ['clicks', 'a'],
    ['views', 'b'],
    ['clicks', 'c'],
    ['clicks', 'lost'],
  ] as const) {
    partition.write({ key, payload }, undefined, 0)
  }
  await partition.flush()
  await partition.close()
  truncateSync(from, statSync(from).size - 1)
  const to = folder.file('to.ss')
  expect(await copyAfterCrash(from, to)).toBeGreaterThan(0)
  expect(await verifyStreamFile(to)).toMatchObject({ state: 'ended', streams: [{ key: 'clicks', messages: 2, lastSequence: 2n }] })
})

it('the README reads the logs of a folder', async () => {
  using folder = new TemporaryFolder()
  folder.file('logs/web/app.log', 'started\n')
  using _inFolder = within(folder.path)
  expect(await logs().listPartitions()).toEqual(['logs/web/app.log'])
  await using follower = await Follower.open(logs(), 'logs/web/app.log')
  expect(await follower.values(1)).toEqual(['started'])
})

it('the README writes orders into folders', async () => {
  using folder = new TemporaryFolder()
  using _inFolder = within(folder.path)
  const partition = await parts().openPartition(parts().partitionOf?.({ amount: 1 }, 'a/b', 0) as string, undefined, CONTEXT)
  partition.write({ amount: 1 }, 'a/b', 0)
  await partition.flush()
  partition.snapshot(1)
  await partition.commit?.(1)
  await partition.close()
  const [name = ''] = readdirSync('orders/customer=a%2Fb')
  expect(name).toMatch(/^\d{4}-\d\d-\d\d-00000000\.ndjson$/)
  expect(readFileSync(`orders/customer=a%2Fb/${name}`, 'utf8')).toBe('{"amount":1}\n')
})

it('the README shouts', () => {
  expect(printedBy('shout-job', '[chat] hello\n[other] not me\n["all"]\n')).toMatch(
    /^\[[-\d]+T[:.\d]+ \| chat \| 0\] HELLO\n\[[-\d]+T[:.\d]+ \| broadcast \| 0\] \["ALL"\]\n$/,
  )
})

it('the README halves standard input', () => {
  const lines = printedBy('halves-job', '0\n1\n2\n3\n4\n').trimEnd().split('\n')
  expect(lines.filter((line) => line.startsWith('left'))).toEqual(['left: 0', 'left: 2', 'left: 4'])
  expect(lines.filter((line) => line.startsWith('right'))).toEqual(['right: 1', 'right: 3'])
  expect(lines).toHaveLength(5)
})

/** What a job of the folder `fixture` prints, in a process of its own. */
function printedBy(job: string, input: string): string {
  const path = fileURLToPath(new URL(`./fixture/${job}.ts`, import.meta.url))
  const flags = ['--conditions=@malstrom/source', '--import', 'tsx']
  const { stdout, stderr, status } = spawnSync(process.execPath, [...flags, path], { input, encoding: 'utf8', timeout: 60_000 })
  expect(status, stderr).toBe(0)
  return stdout
}

/** Relative paths start at `path` for a while. */
function within(path: string): Disposable {
  const before = process.cwd()
  process.chdir(path)
  return { [Symbol.dispose]: () => process.chdir(before) }
}
