import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { COMMAND } from './fixture/command.ts'

const directory = mkdtempSync(join(tmpdir(), 'malstrom-cli-state-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

writeFileSync(
  join(directory, 'counts.mjs'),
  `import { defineJob, fromAsyncIterable, toFile } from 'malstrom'
async function* numbers() {
  for (let n = 0; n < 400; n++) {
    if (n % 4 === 3) await new Promise((resolve) => setTimeout(resolve, 5))
    yield n
  }
}
export default defineJob({ name: 'counts', module: import.meta.url, build(flow, { rename } = {}) {
  flow.source('numbers', fromAsyncIterable(numbers)).keyLocal('rest', (n) => 'rest ' + (n % 3))
    .fold(rename ?? 'totals', () => ({ count: 0 }), (total) => { total.count++; return total })
    .map('text', ({ count }) => count).sink('out', toFile('out.txt', { format: (count, key) => key + ' ' + count }))
} })
`,
)

/** Runs the CLI in the directory; sends Ctrl-C `interruptMs` after its first output. */
function malstrom(args: readonly string[], interruptMs?: number): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const { NO_COLOR, FORCE_COLOR, NODE_OPTIONS, ...env } = process.env
  const child = spawn(process.execPath, [...COMMAND, ...args], { cwd: directory, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const interrupt = () => {
    if (!existsSync(join(directory, 'out.txt'))) return
    clearInterval(watch)
    setTimeout(() => child.kill('SIGINT'), interruptMs)
  }
  const watch = interruptMs === undefined ? undefined : setInterval(interrupt, 5)
  return new Promise((resolve) => {
    child.on('close', (status) => {
      clearInterval(watch)
      resolve({ status, stdout, stderr })
    })
  })
}

describe('malstrom run --state and malstrom snapshots', () => {
  it('suspend at Ctrl-C, go on where that was, and let people look into the state', { timeout: 60_000 }, async () => {
    const first = await malstrom(['run', 'counts.mjs', '--state', 'file:./state', '--snapshot-interval', '50ms'], 100)
    expect(first.stderr).toContain('taking a last snapshot')
    expect(first.stderr).toContain('was suspended')
    expect(first.status).toBe(130)

    const listed = await malstrom(['snapshots', 'file:./state'])
    expect(listed.stdout).toMatch(/^Job "counts", generation 1, \d snapshots\n/)
    const version = /^\s+(\d+)\s.*\n$/m.exec(listed.stdout.split('\n').slice(-2).join('\n'))?.[1] as string
    expect((await malstrom(['snapshots', './state', 'show', version])).stdout).toMatch(/operator totals \(fold\) {2}3 keys/)
    const one = await malstrom(['snapshots', './state', 'read', version, 'totals', '--key', 'rest 1'])
    expect(JSON.parse(one.stdout)).toEqual({ key: 'rest 1', state: { count: expect.any(Number) } })
    expect((await malstrom(['snapshots', './state', 'verify'])).stdout).toMatch(/^snapshot \d+: whole/)

    const other = await malstrom(['run', 'counts.mjs', '--state', 'file:./state', '--params', '{"rename": "sums"}', '-q'])
    expect(other.status).toBe(1)
    expect(other.stderr).toMatch(/ERR_SNAPSHOT_MISMATCH/)
    expect(other.stderr).toContain(`operator "totals" (fold) is gone, with the states of 3 keys`)
    expect(other.stderr).toContain(`allowDropped: ['totals']`)

    const second = await malstrom(['run', 'counts.mjs', '--state', 'file:./state', '-q'])
    expect(second).toMatchObject({ status: 0, stderr: '' })
    const lines = readFileSync(join(directory, 'out.txt'), 'utf8').trimEnd().split('\n')
    expect(lines).toEqual(Array.from({ length: 400 }, (_, n) => `rest ${n % 3} ${Math.floor(n / 3) + 1}`))
  })

  it.each([
    ['snapshots', 2, 'needs a location'],
    ['snapshots ./nothing', 1, 'There is no state of a job at this location'],
    ['snapshots ./nothing look', 2, 'cannot "look"'],
    ['snapshots ./nothing show', 2, 'needs the version'],
    ['snapshots ftp://x', 2, 'is no location of state'],
    ['run counts.mjs --state s3:/bucket', 2, 'an S3 location is s3://bucket/prefix'],
    ['run counts.mjs --snapshot-interval often', 2, 'a time such as 500ms, 10s or 5m'],
    ['run counts.mjs --restore last', 2, 'the version of a snapshot'],
  ])('%s ends with %i: %s', { timeout: 30_000 }, async (words, status, text) => {
    const result = await malstrom(words.split(' '))
    expect(result.stderr).toContain(text)
    expect(result.status).toBe(status)
    expect(result.stderr).not.toContain('    at ')
  })
})
