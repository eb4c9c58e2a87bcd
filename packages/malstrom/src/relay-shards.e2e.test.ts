import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RedisServer } from '@malstrom/services'
import { expect, it } from 'vitest'
import { parseCommandLine } from './cli/command-line.ts'
import { relayCommand } from './cli/relay-command.ts'
import { CommandProcess } from './fixture/command-process.ts'
import { defineJob, forEach, fromIterable, type NewStreamMessage, singleThread, streamFile, toStreamFile } from './index.ts'

const SHARDS = 3
const COUNT = 30
const DEADLINE_MS = 60_000

it.skipIf(RedisServer.missing() !== undefined)(
  `relays from a file into shards of Redis and from them into a file ${RedisServer.missing() ?? ''}`,
  { timeout: 2 * DEADLINE_MS },
  async () => {
    await using server = await RedisServer.start({ durable: false })
    const folder = mkdtempSync(join(tmpdir(), 'malstrom-shards-'))
    const file = (name: string) => `file://${join(folder, name)}/`
    const messages = Array.from({ length: COUNT }, (_, n): NewStreamMessage => ({ key: 'orders', shard: BigInt(n % 5), payload: `${n}` }))
    try {
      const write = defineJob({
        name: 'write',
        module: import.meta.url,
        build: (flow) => flow.source('messages', fromIterable(messages)).sink('file', toStreamFile(join(folder, 'from.ss'))),
      })
      await singleThread().run(write)
      const into = parseCommandLine(['relay', '--quiet', '--from', file('from.ss'), '--to', `${server.url}/`, '--shards', String(SHARDS)])
      if (into.command !== 'relay') throw new Error(into.command)
      expect(await relayCommand(into)).toBe(0)

      const out = new CommandProcess(folder, ['relay', '--from', `${server.url}/orders`, '--to', file('to.ss'), '--state', 'state'])
      try {
        await out.says(`${COUNT} records`)
        out.kill('SIGINT')
        expect(await out.ended(), out.stderr).toBe(130)
      } finally {
        await out.dispose()
      }
      const found: string[] = []
      const read = defineJob({
        name: 'read',
        module: import.meta.url,
        build: (flow) =>
          flow.source('file', streamFile(join(folder, 'to.ss'))).sink(
            'found',
            forEach(({ key, shard, payload }) => void found.push(`${key} ${shard} ${Buffer.from(payload)}`)),
          ),
      })
      await singleThread().run(read)
      for (let shard = 0; shard < SHARDS; shard++) {
        const expected = messages
          .filter((message) => Number(message.shard) % SHARDS === shard)
          .map(({ payload }) => `orders ${shard} ${payload}`)
        expect(found.filter((line) => line.startsWith(`orders ${shard} `))).toEqual(expected)
      }
      expect(found).toHaveLength(COUNT)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
)
