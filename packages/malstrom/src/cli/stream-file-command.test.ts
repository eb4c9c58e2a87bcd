import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toStreamFile } from '@malstrom/connector-file'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseCommandLine } from './command-line.ts'
import { streamFileCommand } from './stream-file-command.ts'

let folder: string
let path: string
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'malstrom-stream-file-'))
  path = join(folder, 'a.ss')
  const context = { job: 'test', operator: 'sink', worker: 0, generation: 1 }
  const partition = await toStreamFile<undefined, number>(path).openPartition(path, undefined, context)
  const timestamp = Date.UTC(2026, 0, 2)
  for (const [key, payload] of ['ann one', 'bob two', 'ann three'].map((words) => words.split(' ') as [string, string]))
    partition.write({ key, payload, timestamp }, undefined, 0)
  await partition.flush()
  await partition.close()
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function streamFile(...args: string[]) {
  const command = parseCommandLine(['stream-file', path, ...args])
  if (command.command !== 'stream-file') throw new Error(command.command)
  return streamFileCommand(command)
}

describe('malstrom stream-file', () => {
  it('tells what a file holds, as text or as JSON', async () => {
    const { text, status } = await streamFile()
    expect(status).toBe(0)
    expect(text.replace(/made \S+, /, '').replace(path, 'a.ss')).toBe(
      [
        'Stream file "a.ss": sound, without a mark of the end, 3 messages, 244 bytes, 0 beacons',
        '  ann, shard 0: 2 messages, 1 to 2, 2026-01-02T00:00:00.000Z to 2026-01-02T00:00:00.000Z',
        '  bob, shard 0: 1 messages, 1 to 1, 2026-01-02T00:00:00.000Z to 2026-01-02T00:00:00.000Z',
        '',
      ].join('\n'),
    )
    expect(JSON.parse((await streamFile('show', '--json')).text)).toMatchObject({
      state: 'open',
      messages: 3,
      streams: [{ key: 'ann', shard: '0', lastSequence: '2' }, { key: 'bob' }],
    })
  })

  it('cuts off what a crash has left, and ends a stream', async () => {
    truncateSync(path, 240)
    const cut = await streamFile()
    expect(cut.status).toBe(1)
    expect(cut.text).toMatch(
      /a\.ss": cut off, 2 messages, 240 bytes.*\n[\s\S]*ends in the middle of a message that begins at byte \d+\. The first \d+ bytes are sound\. malstrom stream-file .*a\.ss repair cuts off the rest\.\n$/,
    )
    await expect(streamFile('end')).rejects.toMatchObject({ code: 'ERR_RECORD_INVALID' })
    expect(await streamFile('repair')).toMatchObject({
      status: 0,
      text: expect.stringMatching(/had 240 bytes, and the last \d+ were cut off: 2 messages/),
    })
    expect(await streamFile('repair')).toMatchObject({ status: 0, text: expect.stringMatching(/is sound, and stays as it is: 2 messages/) })
    expect((await streamFile('end')).text).toMatch(/: sound, and ended, 2 messages/)
  })

  it('discards what follows damage only if that is wanted', async () => {
    const bytes = readFileSync(path)
    bytes[bytes.indexOf('two')] = 0
    writeFileSync(path, bytes)
    const damaged = await streamFile()
    expect(damaged).toMatchObject({
      status: 1,
      text: expect.stringMatching(/DAMAGED, 1 messages[\s\S]*repair --discard-after-damage cuts off the rest/),
    })
    await expect(streamFile('repair')).rejects.toMatchObject({ code: 'ERR_RECORD_INVALID' })
    expect((await streamFile('repair', '--discard-after-damage')).text).toMatch(/were cut off: 1 messages/)
    appendFileSync(path, 'x')
    expect((await streamFile()).status).toBe(1)
  })

  it.each([
    [['stream-file'], /needs a file/],
    [['stream-file', 'a', 'repare'], /cannot "repare"\. Did you mean repair\?/],
    [['stream-file', 'a', 'repair', 'b'], /cannot "repair b"/],
    [['stream-file', 'a', '--discard-after-damage'], /belongs to malstrom stream-file <file> repair/],
    [['tail', 'a', '--discard-after-damage'], /malstrom tail has no option --discard-after-damage/],
  ])('%j is refused', (args, message) => {
    const refused = expect.objectContaining({ code: 'ERR_CLI_USAGE', message: expect.stringMatching(message) })
    expect(() => parseCommandLine(args)).toThrow(refused)
  })
})
