import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { KafkaServer, RedisServer, whyNoKafka } from '@malstrom/services'
import { expect, it } from 'vitest'
import { COMMAND } from './fixture/command.ts'
import { CommandProcess } from './fixture/command-process.ts'
import { formatStreamLine, parseStreamLine, verifyStreamFile } from './index.ts'

const COUNT = 600
const ARRIVAL_MS_MAX = 60_000
const missing = (await whyNoKafka()) ?? RedisServer.missing()

const PAYLOADS = ['["json", 1]', 'größe 😀', '[a | b] no head', String.raw`a \n that is none`, ' spaces ', 'x'.repeat(5_000)]
const payloadOf = (n: number) => `${n} ${PAYLOADS[n % PAYLOADS.length]}`

/** A relay that ends by itself, with standard input and output. */
function relay(from: string, to: string, input: string): string {
  const args = [...COMMAND, 'relay', '--from', from, '--to', to]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { input, encoding: 'utf8', timeout: 60_000, maxBuffer: 2 ** 26 })
  expect(status, stderr).toBe(0)
  return stdout
}

it.skipIf(missing !== undefined)(
  `messages go from standard input over Redis, Kafka and a file to standard output, and relays are killed ${missing ?? ''}`,
  { timeout: 240_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'malstrom-chain-'))
    await using kafka = await KafkaServer.start()
    await using redis = await RedisServer.start()
    const [onRedis, onKafka] = [`${redis.url}/chain`, `kafka://${kafka.brokers[0]}/chain`]
    const path = join(folder, 'chain.ss')
    const state = ['--snapshot-interval', '200ms', '--state']
    const routes = [
      ['relay', '--from', onRedis, '--to', onKafka, '--name', 'first', ...state, 'state-0'],
      ['relay', '--from', onKafka, '--to', `file://${path}/`, '--name', 'second', ...state, 'state-1'],
    ]
    const lines = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => {
        const n = from + i
        return formatStreamLine({ timestamp: 1_700_000_000_000 + n, key: 'chain', sequence: BigInt(n), payload: payloadOf(n) })
      })
        .map((line) => `${line}\n`)
        .join('')
    await kafka.createTopic('chain', 1)
    relay('stdio:///chain', onRedis, lines(0, COUNT / 2))
    const relays = routes.map((args) => new CommandProcess(folder, args))
    try {
      for (const [index, route] of routes.entries()) {
        const running = relays[index] as CommandProcess
        await running.says(/[1-9][\d,]* records/)
        await sleep(Math.random() * 400)
        running.kill('SIGKILL')
        expect(await running.ended(), running.stderr).toBe('SIGKILL')
        relays[index] = new CommandProcess(folder, route)
      }
      relay('stdio:///chain', onRedis, lines(COUNT / 2, COUNT))
      const deadline = performance.now() + ARRIVAL_MS_MAX
      const arrived = async () => (existsSync(path) ? (await verifyStreamFile(path)).messages : 0)
      while ((await arrived()) < COUNT) {
        const said = relays.map(({ stderr }) => stderr.slice(-500)).join('\n')
        expect(performance.now(), `${await arrived()} of ${COUNT} messages\n${said}`).toBeLessThan(deadline)
        await sleep(100)
      }
      await sleep(500) // What would come twice has the time to come.
      for (const running of relays) running.kill('SIGINT')
      for (const running of relays) expect(await running.ended(), running.stderr).toBe(130)
      const printed = relay(`file://${path}/`, 'stdio:///', '')
        .trimEnd()
        .split('\n')
        .map((line) => parseStreamLine(line))
      expect(printed.map(({ payload }) => payload)).toEqual(Array.from({ length: COUNT }, (_, n) => payloadOf(n)))
      expect(new Set(printed.map(({ key }) => key))).toEqual(new Set(['chain']))
    } finally {
      for (const running of relays) await running.dispose()
      rmSync(folder, { recursive: true, force: true })
    }
  },
)
