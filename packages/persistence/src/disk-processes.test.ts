import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it, vi } from 'vitest'
import { diskPersistence } from './disk-persistence.ts'
import { TemporaryDirectories } from './fixture/temporary-directories.ts'

vi.setConfig({ testTimeout: 120_000 })

const KILLS = 12

const directories = new TemporaryDirectories()
afterAll(() => directories.remove())

const nodeArguments = (fixture: string) => [
  '--conditions=@malstrom/source',
  '--import',
  'tsx',
  fileURLToPath(new URL(`./fixture/${fixture}`, import.meta.url)),
]

function start(fixture: string, ...args: string[]) {
  return spawn(process.execPath, [...nodeArguments(fixture), ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
}

const ended = (child: ReturnType<typeof start>) => new Promise<number | null>((resolve) => child.on('close', resolve))

it('several processes count together without losing a step', async () => {
  const directory = directories.next()
  const statuses = await Promise.all(['a', 'b', 'c'].map((name) => ended(start('increment.ts', directory, name, '40'))))
  expect(statuses).toEqual([0, 0, 0])
  const store = await diskPersistence(directory).open('scope')
  const counter = await store.get('counter')
  expect(JSON.parse(new TextDecoder().decode(counter?.bytes))).toEqual({ a: 40, b: 40, c: 40, total: 120 })
  // Old versions do not pile up.
  expect(readdirSync(join(directory, 'scope')).filter((name) => name.startsWith('counter@')).length).toBeLessThanOrEqual(8 + 3)
})

it('a process that is killed while it writes leaves whole objects, and all that it has written', async () => {
  const directory = directories.next()
  let written = 0
  let leftovers = 0
  for (let kill = 0; kill < KILLS; kill++) {
    const child = start('put-forever.ts', directory, String(written + 1))
    const gone = ended(child)
    child.stdout.setEncoding('utf8')
    const first = new Promise((resolve) => child.stdout.once('data', resolve))
    child.stdout.on('data', (lines: string) => {
      written = Number(lines.trimEnd().split('\n').at(-1))
    })
    await first
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 40))
    child.kill('SIGKILL')
    await gone
    leftovers += readdirSync(join(directory, 'scope', '%tmp')).length
    const store = await diskPersistence(directory).open('scope')
    for (const i of [0, 1, 2]) {
      const bytes = (await store.get(`folder/object ${i}`))?.bytes.slice() ?? new Uint8Array()
      expect(bytes.length).toBe(200_000)
      const numbers = new Uint32Array(bytes.buffer)
      expect(numbers.every((n) => n === numbers[0])).toBe(true)
      // The number after the last one that it has told may be there or not.
      expect((numbers[0] ?? 0) - written).toBeOneOf([0, 1])
    }
    expect(readdirSync(join(directory, 'scope', '%tmp'))).toEqual([])
  }
  expect(leftovers).toBeGreaterThan(0)
})

it('a disk that takes only the beginning of a file leaves no object', async () => {
  const directory = directories.next()
  // The kernel writes up to the limit, 1 or 2 MiB, without an error; only what comes then fails.
  const command = `ulimit -f 2048; exec "$0" "$@"`
  const child = spawn('sh', ['-c', command, process.execPath, ...nodeArguments('put-once.ts'), directory, '5000000'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  expect(JSON.parse(await text(child.stdout))).toMatchObject({
    code: 'ERR_STORE',
    outcome: 'failed',
    message: expect.stringContaining('EFBIG'),
  })
  const store = await diskPersistence(directory).open('scope')
  expect(await store.get('a')).toBeUndefined()
  expect(readdirSync(join(directory, 'scope', '%tmp'))).toEqual([])
})
