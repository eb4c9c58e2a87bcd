import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseCommandLine } from './cli/command-line.ts'
import { relayCommand } from './cli/relay-command.ts'
import { CommandProcess } from './fixture/command-process.ts'
import { defineJob, forEach, fromIterable, type NewStreamMessage, singleThread, streamFile, toStreamFile } from './index.ts'

const STREAMS = ['ann', 'bob', 'cleo']
/** `KILLS=20` for a longer look. */
const KILLS = Number(process.env.KILLS ?? 1)
/** How long a relay lives at most after it has moved something. */
const LIFE_MS_MAX = 300

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'malstrom-relay-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const path = (name: string) => join(folder, name)
/** Three files at once. */
const sources = () => `file://${STREAMS.map((stream) => path(`${stream}.ss`)).join(',')}/`
const target = () => `file://${path('all.ss')}/`

/** Each file gets these of its stream. */
async function append(from: number, to: number): Promise<void> {
  for (const key of STREAMS) {
    const messages = Array.from({ length: to - from }, (_, i): NewStreamMessage => ({ key, payload: `${from + i}` }))
    const job = defineJob({
      name: 'append',
      module: import.meta.url,
      build: (flow) => flow.source('messages', fromIterable(messages)).sink('file', toStreamFile(path(`${key}.ss`), { append: true })),
    })
    await singleThread().run(job)
  }
}

/** The numbers that have come, of each stream in order. */
async function moved(): Promise<Record<string, number[]>> {
  const found: Record<string, number[]> = Object.fromEntries(STREAMS.map((stream) => [stream, []]))
  const job = defineJob({
    name: 'read',
    module: import.meta.url,
    build: (flow) =>
      flow.source('file', streamFile(path('all.ss'))).sink(
        'found',
        forEach(({ key, payload }) => void found[key]?.push(Number(Buffer.from(payload)))),
      ),
  })
  await singleThread().run(job)
  return found
}

const upTo = (count: number) => Object.fromEntries(STREAMS.map((stream) => [stream, Array.from({ length: count }, (_, n) => n)]))

function relay(...args: string[]): Promise<number> {
  const command = parseCommandLine(['relay', '--quiet', '--workers', '2', ...args])
  if (command.command !== 'relay') throw new Error(command.command)
  return relayCommand(command)
}

describe('a relay on several workers', () => {
  it('moves everything and ends', { timeout: 60_000 }, async () => {
    await append(0, 500)
    expect(await relay('--from', sources(), '--to', target())).toBe(0)
    expect(await moved()).toEqual(upTo(500))
  })

  it('with state is suspended when all workers have come to the end, and goes on with what was added', { timeout: 60_000 }, async () => {
    await append(0, 200)
    const args = ['--from', sources(), '--to', target(), '--state', path('state')]
    expect(await relay(...args)).toBe(0)
    expect(await moved()).toEqual(upTo(200))
    await append(200, 300)
    // The same state on another number of workers.
    expect(await relay(...args, '--workers', '3')).toBe(0)
    expect(await moved()).toEqual(upTo(300))
  })

  it('that is killed again and again has moved every message once, and those of a stream in order', {
    timeout: 90_000 + 30_000 * KILLS,
  }, async () => {
    const route = ['relay', '--from', sources(), '--to', target(), '--workers', '2', '--state', 'state', '--snapshot-interval', '50ms']
    let count = 0
    for (let kill = 0; kill < KILLS; kill++) {
      await append(count, count + 2_000)
      count += 2_000
      const relay = new CommandProcess(folder, [...route, '--follow'])
      try {
        await relay.says(/[1-9][\d,]* records/)
        await append(count, count + 500)
        count += 500
        await sleep(Math.random() * LIFE_MS_MAX)
        relay.kill('SIGKILL')
        expect(await relay.ended(), relay.stderr).toBe('SIGKILL')
      } finally {
        await relay.dispose()
      }
    }
    const last = new CommandProcess(folder, route)
    try {
      expect(await last.ended(), last.stderr).toBe(0)
      expect(last.stderr).toMatch(/was suspended/)
    } finally {
      await last.dispose()
    }
    expect(await moved()).toEqual(upTo(count))
  })

  it('does not read standard input, which has one reader', async () => {
    await expect(relay('--from', 'stdio:///', '--to', target())).rejects.toMatchObject({
      code: 'ERR_CLI_USAGE',
      message: expect.stringContaining('Leave --workers out'),
    })
    expect(() => parseCommandLine(['relay', '--from', 'a', '--to', 'b', '--workers', 'x'])).toThrow(/a whole number above 0, not "x"/)
  })
})
