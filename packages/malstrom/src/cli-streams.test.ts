import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseCommandLine } from './cli/command-line.ts'
import { relayCommand } from './cli/relay-command.ts'
import { CommandProcess } from './fixture/command-process.ts'
import errorsOnly from './fixture/errors-only.job.ts'
import { defineJob, forEach, fromIterable, type NewStreamMessage, singleThread, streamFile, toStreamFile } from './index.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'malstrom-streams-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const url = (name: string, stream = '') => `file://${join(folder, name)}/${stream}`
const message = (n: number): NewStreamMessage => ({ key: n % 2 === 0 ? 'even' : 'odd', payload: `${n}`, timestamp: 1767323045000 + n })
const messages = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => message(from + i))

async function write(name: string, all: readonly NewStreamMessage[]): Promise<void> {
  const job = defineJob({
    name: 'write',
    module: import.meta.url,
    build: (flow) => flow.source('messages', fromIterable(all)).sink('file', toStreamFile(join(folder, name), { append: true })),
  })
  await singleThread().run(job)
}

/** The messages of a file, as `stream sequence payload`. */
async function read(name: string): Promise<string[]> {
  const found: string[] = []
  const job = defineJob({
    name: 'read',
    module: import.meta.url,
    build: (flow) =>
      flow.source('file', streamFile(join(folder, name))).sink(
        'found',
        forEach(({ key, sequence, payload }) => void found.push(`${key} ${sequence} ${Buffer.from(payload)}`)),
      ),
  })
  await singleThread().run(job)
  return found
}

function relay(...args: string[]): Promise<number> {
  const command = parseCommandLine(['relay', '--quiet', ...args])
  if (command.command !== 'relay') throw new Error(command.command)
  return relayCommand(command)
}

describe('malstrom relay', () => {
  it('copies a file, as it is or into one stream', async () => {
    await write('a.ss', messages(0, 4))
    expect(await relay('--from', url('a.ss'), '--to', url('b.ss'))).toBe(0)
    expect(await read('b.ss')).toEqual(['even 1 0', 'odd 1 1', 'even 2 2', 'odd 2 3'])
    expect(await relay('--from', url('a.ss', 'odd'), '--to', url('c.ss', 'all'))).toBe(0)
    expect(await read('c.ss')).toEqual(['all 1 1', 'all 2 3'])
  })

  it('is a job of a few lines, as the README has it', async () => {
    await write('a.ss', [message(0), { ...message(1), payload: 'ERROR 1' }])
    await singleThread().run(errorsOnly, { from: url('a.ss'), to: url('b.ss') })
    expect(await read('b.ss')).toEqual(['odd 1 ERROR 1'])
  })

  it('with state what was copied is not copied again, and what was added is', async () => {
    const state = ['--state', join(folder, 'state')]
    await write('a.ss', messages(0, 2))
    for (const _ of [1, 2]) expect(await relay('--from', url('a.ss'), '--to', url('b.ss'), ...state)).toBe(0)
    expect(await read('b.ss')).toEqual(['even 1 0', 'odd 1 1'])
    await write('a.ss', messages(2, 5))
    for (const _ of [1, 2]) expect(await relay('--from', url('a.ss'), '--to', url('b.ss'), ...state)).toBe(0)
    expect(await read('b.ss')).toEqual(['even 1 0', 'odd 1 1', 'even 2 2', 'odd 2 3', 'even 3 4'])
  })

  it.each([
    ['a.ss', '', 'a.ss', ''],
    ['a.ss', 'x', 'a.ss', 'y'],
    ['dir/../a.ss', '', 'a.ss', ''],
  ])('refuses to write %s/%s to %s/%s, which would never end', async (from, fromStream, to, toStream) => {
    const endless = relay('--from', url(from, fromStream), '--to', url(to, toStream))
    await expect(endless).rejects.toMatchObject({ code: 'ERR_CLI_USAGE', message: expect.stringMatching(/is where --from .* reads/) })
  })

  it.each([
    ['kafka://u:secret@localhost/x,y', 'kafka://127.0.0.1:9092/y'],
    ['redis://u:secret@h/x', 'rediss://H:6379/'],
  ])('refuses to relay %s to %s, and tells no password', async (from, to) => {
    const error = await relay('--from', from, '--to', to).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_CLI_USAGE', message: expect.stringMatching(/is where --from .* reads/) })
    expect(String(error)).not.toContain('secret')
  })

  it('says what cannot be read or written', async () => {
    await write('a.ss', messages(0, 2))
    await expect(relay('--from', url('none.ss'), '--to', url('b.ss'))).rejects.toMatchObject({ code: 'ERR_FILE' })
    await expect(relay('--from', url('a.ss'), '--to', url('a.ss/b.ss'))).rejects.toMatchObject({ code: 'ERR_FILE' })
    for (const [from, to, problem] of [
      ['kafak://a/x', 'stdio:///', /^--from: .* Did you mean kafka\?/],
      [url('a.ss'), 'redis://h', /^--to: .* no "\/" before the streams/],
      ['file:./a.ss/', 'stdio:///', /^--from: .* Write file:\/\/\.\/a\.ss\//],
      ['file://./a.ss', 'stdio:///', /^--from: .* names no file: .* Write file:\/\/\.\/a\.ss\//],
    ] as const)
      await expect(relay('--from', from, '--to', to)).rejects.toMatchObject({
        code: 'ERR_CLI_USAGE',
        message: expect.stringMatching(problem),
      })
    const exactly = relay('--from', url('a.ss'), '--to', 'stdio:///', '--state', 'memory:', '--delivery', 'exactly-once')
    await expect(exactly).rejects.toThrow(/standard output cannot take back/)
    for (const [to, shards] of [
      [url('b.ss'), '2'],
      ['redis://u:secret@h/x', '0'],
      ['redis://u:secret@h/x', 'many'],
    ] as const) {
      const divide = () => relay('--from', url('a.ss'), '--to', to, '--shards', shards)
      expect(divide).toThrow(
        expect.objectContaining({ code: 'ERR_CLI_USAGE', message: expect.stringMatching(/--shards divides a stream/) }),
      )
      expect(divide).not.toThrow(/secret/)
    }
  })

  it('from a pipe to a file to a pipe gives the same lines', { timeout: 90_000 }, async () => {
    const lines = [
      '[2026-01-02T03:04:05 | chat | 7] hello',
      '[2026-01-02T03:04:05.678 | chat | 8 | 3] ["an", "array"]',
      '[2026-01-02T03:04:06 | log | 0] größe \\n [x]',
      '[2026-01-02T03:04:07 | log | 1]',
    ]
    writeFileSync(join(folder, 'lines.txt'), lines.map((line) => `${line}\n`).join(''))
    const run = async (from: string, to: string) => {
      const process = new CommandProcess(folder, ['relay', '-q', '--from', from, '--to', to], ['bash', '-c', '"$0" "$@" < lines.txt'])
      try {
        expect(await process.ended(), process.stderr).toBe(0)
        return process.stdout
      } finally {
        await process.dispose()
      }
    }
    expect(await run('stdio:///', 'file://./pipe.ss/')).toBe('')
    expect((await run('file://./pipe.ss/', 'stdio:///')).trimEnd().split('\n')).toEqual(lines)
  })

  it('follows a file, and at Ctrl-C keeps how far it is', { timeout: 90_000 }, async () => {
    const args = ['relay', '--from', url('a.ss'), '--to', url('b.ss'), '--follow', '--state', 'state', '--snapshot-interval', '100ms']
    for (const [from, to] of [
      [0, 10],
      [10, 15],
    ] as const) {
      await write('a.ss', messages(from, to))
      const process = new CommandProcess(folder, args)
      try {
        await process.says(from === 0 ? '10 records' : '15 records')
        process.kill('SIGINT')
        expect(await process.ended()).toBe(130)
        expect(process.stderr).toMatch(/was suspended/)
      } finally {
        await process.dispose()
      }
    }
    expect((await read('b.ss')).map((line) => Number(line.split(' ')[2]))).toEqual(Array.from({ length: 15 }, (_, n) => n))
  })
})

describe('malstrom tail', { timeout: 90_000 }, () => {
  const tail = async (name: string, all: readonly NewStreamMessage[], ...args: string[]) => {
    await write(name, all)
    const process = new CommandProcess(folder, ['tail', ...args])
    try {
      return { status: await process.ended(), lines: process.stdout.trimEnd().split('\n'), stderr: process.stderr }
    } finally {
      await process.dispose()
    }
  }

  it('prints lines with a head, as many as are wanted', async () => {
    const all = [...messages(0, 3), { ...message(3), shard: 2n, payload: 'a\nb' }, { ...message(4), payload: new Uint8Array([255]) }]
    expect(await tail('a.ss', all, 'file://./a.ss/', '--limit', '4')).toEqual({
      status: 0,
      stderr: '',
      lines: [
        '[2026-01-02T03:04:05 | even | 1 | 0] 0',
        '[2026-01-02T03:04:05.001 | odd | 1 | 0] 1',
        '[2026-01-02T03:04:05.002 | even | 2 | 0] 2',
        '[2026-01-02T03:04:05.003 | odd | 1 | 2] a\\nb',
      ],
    })
  })

  it('follows a file until Ctrl-C', async () => {
    await write('f.ss', [message(0)])
    const process = new CommandProcess(folder, ['tail', 'file://./f.ss/', '--follow'])
    try {
      const prints = async (text: string) => {
        for (let waitedMs = 0; !process.stdout.includes(text); waitedMs += 20) {
          expect(waitedMs, process.stdout + process.stderr).toBeLessThan(30_000)
          await sleep(20)
        }
      }
      await prints('even | 1 | 0] 0\n')
      await write('f.ss', [message(1)])
      await prints('odd | 1 | 0] 1\n')
      process.kill('SIGINT')
      expect({ status: await process.ended(), lines: process.stdout.split('\n').length - 1 }).toEqual({ status: 130, lines: 2 })
    } finally {
      await process.dispose()
    }
  })

  it('ends without a word when its reader has seen enough', async () => {
    await write('long.ss', messages(0, 20_000))
    const pipe = ['bash', '-c', 'set -o pipefail; "$0" "$@" | head -1']
    const process = new CommandProcess(folder, ['tail', 'file://./long.ss/'], pipe)
    try {
      expect({ status: await process.ended(), ...process }).toMatchObject({
        status: 0,
        stderr: '',
        stdout: expect.stringMatching(/^.*\n$/),
      })
    } finally {
      await process.dispose()
    }
  })

  it('prints JSON, from a time on', async () => {
    const all = [message(0), { ...message(1), payload: 'ö\n' }, { ...message(2), payload: new Uint8Array([255]) }]
    const { status, lines } = await tail('b.ss', all, 'file://./b.ss/', '--json', '--from', '1767323045001')
    expect({ status, messages: lines.map((line) => JSON.parse(line)) }).toEqual({
      status: 0,
      messages: [
        { timestamp: 1767323045001, key: 'odd', sequence: '1', shard: '0', payload: 'ö\n' },
        { timestamp: 1767323045002, key: 'even', sequence: '2', shard: '0', payloadBase64: '/w==' },
      ],
    })
  })
})
