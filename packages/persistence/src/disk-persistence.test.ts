import { chmodSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import type { ReadableObjectStore } from '@malstrom/core'
import { errorOf, objectStoreSuite } from '@malstrom/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { type DiskFiles, diskFiles } from './disk-files.ts'
import { diskPersistence, diskPersistenceOn } from './disk-persistence.ts'
import { TemporaryDirectories } from './fixture/temporary-directories.ts'
import { fileNameOf } from './path.ts'

const directories = new TemporaryDirectories()
afterAll(() => directories.remove())
const places = new WeakMap<object, string>()

objectStoreSuite('a directory', {
  create() {
    const directory = directories.next()
    const backend = diskPersistence(directory)
    places.set(backend, directory)
    return backend
  },
  reopen: (backend) => diskPersistence(places.get(backend) as string),
})

const bytes = new TextEncoder().encode('content')
async function listOf(store: ReadableObjectStore): Promise<string[]> {
  const paths: string[] = []
  for await (const path of store.list('')) paths.push(path)
  return paths
}

const IS_ROOT = process.getuid?.() === 0

describe('diskPersistence', () => {
  it.each([
    ['write', 'ENOSPC', 'failed', 'The disk is full'],
    ['write', 'EDQUOT', 'failed', 'quota'],
    ['write', 'EACCES', 'failed', 'right to read and write'],
    ['write', 'EROFS', 'failed', 'read-only'],
    ['write', 'EIO', 'failed', 'EIO'],
    ['link', 'EPERM', 'failed', 'hard links'],
    ['link', 'ENOSPC', 'failed', 'The disk is full'],
    ['link', 'EIO', 'unknown', 'EIO'],
    ['names', 'EMFILE', 'unknown', 'ulimit -n'],
    ['syncDirectory', 'EIO', 'unknown', 'EIO'],
  ] as const)('says what to do where %s fails with %s, and shows no half object', async (operation, code, outcome, advice) => {
    const directory = directories.next()
    let isFailing = false
    const original = diskFiles[operation] as (...args: unknown[]) => Promise<unknown>
    const fails = async (...args: unknown[]) => {
      if (!isFailing) return original(...args)
      // As on a full disk: the file is there, and something is in it.
      if (operation === 'write') writeFileSync(args[0] as string, 'half')
      throw Object.assign(new Error(`${code}: it failed`), { code })
    }
    const backend = diskPersistenceOn(directory, { ...diskFiles, [operation]: fails } as DiskFiles)
    const store = await backend.open('scope')
    await store.put('a', bytes)
    isFailing = true
    // What was there is looked for before anything is written, what is new afterwards.
    for (const path of operation === 'names' ? ['new'] : ['a', 'new']) {
      const error = await errorOf(store.put(path, new Uint8Array(9)))
      expect(error).toMatchObject({ code: 'ERR_STORE', outcome, context: { path: join(directory, 'scope') } })
      expect(error.message).toContain(`(${code}, while trying to `)
      expect(error.message).toContain(path)
      expect(error.message).toContain(advice)
    }
    isFailing = false
    const found = await Promise.all(['a', 'new'].map(async (path) => (await store.get(path))?.bytes.length))
    const possible = {
      failed: [[7, undefined]],
      unknown: [
        [7, undefined],
        [7, 9],
        [9, 9],
      ],
    }
    expect(possible[outcome]).toContainEqual(found)
    // And the store goes on.
    await store.put('a', bytes)
    expect(readdirSync(join(directory, 'scope', '%tmp'))).toEqual([])
  })

  it('refuses a place that is a file, or in one', async () => {
    const file = join(directories.next(), 'a file')
    mkdirSync(dirname(file))
    writeFileSync(file, '')
    for (const place of [file, join(file, 'in it')]) {
      const error = await errorOf(diskPersistence(place).open('scope'))
      expect(error).toMatchObject({ code: 'ERR_STORE', outcome: 'failed' })
      expect(error.message).toMatch(/is a file/)
    }
  })

  it.skipIf(IS_ROOT)(`refuses a directory that it may not write${IS_ROOT ? ' (not tried: root may write everything)' : ''}`, async () => {
    const directory = directories.next()
    mkdirSync(directory)
    chmodSync(directory, 0o500)
    const error = await errorOf(diskPersistence(directory).open('scope'))
    chmodSync(directory, 0o700)
    expect(error).toMatchObject({ code: 'ERR_STORE', outcome: 'failed', message: expect.stringContaining('EACCES') })
  })

  it('refuses what is no path of a directory', () => {
    for (const bad of ['', undefined, 7])
      expect(() => diskPersistence(bad as string)).toThrow(expect.objectContaining({ code: 'ERR_OPERATOR_ARGUMENT' }))
  })

  it('refuses a part of a path that is longer than the name of a file', async () => {
    const store = await diskPersistence(directories.next()).open('scope')
    const error = await errorOf(store.put('ä'.repeat(100), bytes))
    expect(error).toMatchObject({ code: 'ERR_STORE', outcome: 'failed', message: expect.stringContaining('too long') })
  })

  it('overlooks files that others have put there, and refuses one of its own that is cut off', async () => {
    const directory = directories.next()
    const store = await diskPersistence(directory).open('scope')
    await store.put('a', bytes)
    for (const name of ['.DS_Store', 'a@', 'a@x', 'a@0', '@1', 'a', 'readme.txt']) writeFileSync(join(directory, 'scope', name), 'x')
    expect(await listOf(store)).toEqual(['a'])
    expect((await store.get('a'))?.bytes.length).toBe(7)
    await store.delete(['a'])
    expect(await store.get('a')).toBeUndefined()
    writeFileSync(join(directory, 'scope', 'b@1'), 'cut')
    expect(await errorOf(store.get('b'))).toMatchObject({ code: 'ERR_STORE', message: expect.stringContaining('cut off') })
  })

  it('reading a scope leaves no trace of it', async () => {
    const directory = directories.next()
    const reader = await diskPersistence(directory).read('scope')
    expect(await reader.get('a')).toBeUndefined()
    expect(() => readdirSync(directory)).toThrow('ENOENT')
  })

  it('opening removes what dead processes have left, and nothing else', async () => {
    const directory = directories.next()
    await diskPersistence(directory).open('scope')
    const temporary = join(directory, 'scope', '%tmp')
    const [here, dead, alive] = [fileNameOf(hostname()), 2 ** 22 + 1, process.ppid]
    const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000)
    const leftBehind = (name: string, hours: number) => {
      writeFileSync(join(temporary, name), 'x')
      utimesSync(join(temporary, name), hoursAgo(hours), hoursAgo(hours))
    }
    leftBehind(`01.${dead}.${here}`, 0)
    leftBehind(`02.${process.pid}.${here}`, 0.9) // Before this process started: in a container they all have the same id.
    leftBehind(`03.1.elsewhere`, 2)
    leftBehind(`something else`, 2)
    const kept = [`04.${process.pid}.${here}`, `05.${alive}.${here}`, `06.${dead}.elsewhere`, 'something new']
    for (const name of kept) leftBehind(name, 0)
    const store = await diskPersistence(directory).open('scope')
    expect(readdirSync(temporary).sort()).toEqual(kept)
    expect(await listOf(store)).toEqual([])
  })

  it('names of files are the same where upper case counts and where it does not, and where accents are composed', () => {
    expect(fileNameOf('segment-1_a.b')).toBe('segment-1_a.b')
    expect(['A', 'ä', 'a b', 'x@1', '%tmp'].map(fileNameOf)).toEqual(['%41', '%c3%a4', 'a%20b', 'x%401', '%25tmp'])
  })
})
