import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { errorOf, objectStoreSuite } from '@malstrom/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { type DiskFiles, diskFiles } from './disk-files.ts'
import { diskPersistence, diskPersistenceOn } from './disk-persistence.ts'

const root = mkdtempSync(join(tmpdir(), 'malstrom-disk-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
let directories = 0
const newDirectory = () => join(root, String(++directories))
const places = new WeakMap<object, string>()

objectStoreSuite('a directory', {
  create() {
    const directory = newDirectory()
    const backend = diskPersistence(directory)
    places.set(backend, directory)
    return backend
  },
  reopen: (backend) => diskPersistence(places.get(backend) as string),
})

function start(fixture: string, ...args: string[]) {
  const file = fileURLToPath(new URL(`./fixture/${fixture}`, import.meta.url))
  return spawn(process.execPath, ['--conditions=@malstrom/source', '--import', 'tsx', file, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

const ended = (child: ReturnType<typeof start>) => new Promise<number | null>((resolve) => child.on('exit', resolve))
const bytes = new TextEncoder().encode('content')

describe('diskPersistence', () => {
  it('lets several processes count together without losing a step', { timeout: 60_000 }, async () => {
    const directory = newDirectory()
    const statuses = await Promise.all([1, 2, 3].map(() => ended(start('increment.ts', directory, '40'))))
    expect(statuses).toEqual([0, 0, 0])
    const store = await diskPersistence(directory).open('scope')
    expect(new TextDecoder().decode((await store.get('counter'))?.bytes)).toBe('120')
    // Old versions do not pile up.
    expect(readdirSync(join(directory, 'scope')).filter((name) => name.startsWith('counter@')).length).toBeLessThanOrEqual(5)
  })

  it('leaves whole objects whenever a process is killed, and cleans up after it', { timeout: 60_000 }, async () => {
    const directory = newDirectory()
    for (let kill = 0; kill < 6; kill++) {
      const child = start('put-forever.ts', directory)
      const gone = ended(child)
      await new Promise((resolve) => child.stdout?.once('data', resolve))
      await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 40))
      child.kill('SIGKILL')
      await gone
      const store = await diskPersistence(directory).open('scope')
      for (const i of [0, 1, 2]) {
        const content = (await store.get(`object ${i}`))?.bytes
        if (content === undefined) continue
        expect(content.length).toBe(200_000)
        expect(content.every((byte) => byte === content[0])).toBe(true)
      }
      expect(readdirSync(join(directory, 'scope', '%tmp'))).toEqual([])
    }
  })

  /** A file system in which one operation fails. */
  const failing = (operation: keyof DiskFiles, code: string): DiskFiles => ({
    ...diskFiles,
    [operation]: async () => {
      throw Object.assign(new Error(`${code}: it failed`), { code })
    },
  })

  it.each([
    ['write', 'ENOSPC', 'failed', 'The disk is full'],
    ['write', 'EACCES', 'failed', 'right to read and write'],
    ['link', 'EIO', 'unknown', 'EIO'],
    ['syncDirectory', 'EIO', 'unknown', 'EIO'],
  ] as const)('says what to do where %s fails with %s, and leaves what was there', async (operation, code, outcome, advice) => {
    const directory = newDirectory()
    const good = await diskPersistence(directory).open('scope')
    await good.put('a', bytes)
    const error = await errorOf(
      (async () => (await diskPersistenceOn(directory, failing(operation, code)).open('scope')).put('a', new Uint8Array(9)))(),
    )
    expect(error).toMatchObject({ code: 'ERR_STORE', outcome })
    expect(error.message).toContain(directory)
    expect(error.message).toContain(advice)
    if (operation !== 'syncDirectory') expect((await good.get('a'))?.bytes).toEqual(Buffer.from(bytes))
  })

  it('refuses a place that is a file', async () => {
    const file = join(root, 'a file')
    writeFileSync(file, '')
    const error = await errorOf(diskPersistence(file).open('scope'))
    expect(error).toMatchObject({ code: 'ERR_STORE', outcome: 'failed' })
    expect(error.message).toMatch(/is a file/)
  })

  it('refuses what is no path of a directory', () => {
    for (const bad of ['', undefined, 7])
      expect(() => diskPersistence(bad as string)).toThrow(expect.objectContaining({ code: 'ERR_OPERATOR_ARGUMENT' }))
  })
})
