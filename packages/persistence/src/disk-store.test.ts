import { existsSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { ObjectStore } from '@malstrom/core'
import { errorOf } from '@malstrom/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { type DiskFiles, diskFiles } from './disk-files.ts'
import { diskPersistence, diskPersistenceOn } from './disk-persistence.ts'
import { TemporaryDirectories } from './fixture/temporary-directories.ts'

const directories = new TemporaryDirectories()
afterAll(() => directories.remove())

const bytesOf = (text: string) => new TextEncoder().encode(text)
const textOf = async (store: ObjectStore, path: string) => {
  const object = await store.get(path)
  return object && new TextDecoder().decode(object.bytes)
}

/** A store in a directory, and another one, of a process that falls asleep at the moment given. */
async function withSleeper(asleep: 'before' | 'after', meanwhile: (store: ObjectStore) => Promise<void>) {
  const directory = directories.next()
  const store = await diskPersistence(directory).open('scope')
  let isTired = false
  const link: DiskFiles['link'] = async (from, to) => {
    const isNow = isTired
    isTired = false
    if (isNow && asleep === 'before') await meanwhile(store)
    await diskFiles.link(from, to)
    if (isNow && asleep === 'after') await meanwhile(store)
  }
  const sleeper = await diskPersistenceOn(directory, { ...diskFiles, link }).open('scope')
  const sleepOnce = () => {
    isTired = true
  }
  return { store, sleeper, sleepOnce, files: () => readdirSync(join(directory, 'scope')).filter((name) => name !== '%tmp') }
}

const replaceTimes = (times: number) => async (store: ObjectStore) => {
  for (let n = 1; n <= times; n++) await store.put('head', bytesOf(`other ${n}`))
}

describe('a writer that sleeps', () => {
  it.each([1, 7])('before it links is refused if %i others have written meanwhile', async (times) => {
    const { store, sleeper, sleepOnce } = await withSleeper('before', replaceTimes(times))
    const etag = await store.put('head', bytesOf('first'))
    sleepOnce()
    expect(await errorOf(sleeper.putIf('head', bytesOf('late'), etag))).toMatchObject({ code: 'ERR_STORE_CONFLICT', outcome: 'failed' })
    expect(await textOf(store, 'head')).toBe(`other ${times}`)
  })

  it.each([9, 30])('before it links changes nothing if %i others have written meanwhile', async (times) => {
    const { store, sleeper, sleepOnce, files } = await withSleeper('before', replaceTimes(times))
    const etag = await store.put('head', bytesOf('first'))
    sleepOnce()
    expect(await errorOf(sleeper.putIf('head', bytesOf('late'), etag))).toMatchObject({ code: 'ERR_STORE', outcome: 'unknown' })
    expect(await textOf(store, 'head')).toBe(`other ${times}`)
    await store.put('head', bytesOf('next'))
    expect(files().length).toBeLessThanOrEqual(8)
  })

  it.each([1, 8, 9, 30])('before it links overwrites what %i others have written, if it need not expect anything', async (times) => {
    for (const isNew of [true, false]) {
      const { store, sleeper, sleepOnce } = await withSleeper('before', replaceTimes(times))
      if (!isNew) await store.put('head', bytesOf('first'))
      sleepOnce()
      const etag = await sleeper.put('head', bytesOf('late'))
      expect(await textOf(store, 'head')).toBe('late')
      await store.putIf('head', bytesOf('next'), etag)
      expect(await textOf(sleeper, 'head')).toBe('next')
    }
  })

  it('after it has linked has written, though others have built on it', async () => {
    for (const times of [1, 5]) {
      const { store, sleeper, sleepOnce } = await withSleeper('after', replaceTimes(times))
      sleepOnce()
      await sleeper.putIf('head', bytesOf('first'), 'absent')
      const etag = (await store.get('head'))?.etag ?? ''
      sleepOnce()
      await sleeper.putIf('head', bytesOf('second'), etag)
      expect(await textOf(store, 'head')).toBe(`other ${times}`)
    }
  })

  it('does not bring back what was deleted', async () => {
    const { store, sleeper, sleepOnce, files } = await withSleeper('before', (other) => other.delete(['head']))
    const etag = await store.put('head', bytesOf('first'))
    sleepOnce()
    expect(await errorOf(sleeper.putIf('head', bytesOf('late'), etag))).toMatchObject({ code: 'ERR_STORE', outcome: 'unknown' })
    expect(await textOf(store, 'head')).toBeUndefined()
    expect(files()).toEqual([])
  })

  it('writes into a directory that was removed meanwhile', async () => {
    const { store, sleeper, sleepOnce, files } = await withSleeper('before', (other) => other.delete(['a/b/first']))
    await store.put('a/b/first', bytesOf('1'))
    await sleeper.put('a/b/other', bytesOf('1'))
    await store.delete(['a/b/other'])
    sleepOnce()
    await sleeper.put('a/b/second', bytesOf('2'))
    expect(await textOf(store, 'a/b/second')).toBe('2')
    await store.delete(['a/b/second'])
    expect(files()).toEqual([])
  })

  it('finds a half deleted object, and puts it again', async () => {
    const directory = directories.next()
    const store = await diskPersistence(directory).open('scope')
    await replaceTimes(4)(store)
    let deleted = 0
    const unlink: DiskFiles['unlink'] = async (path) => {
      if (++deleted > 2) throw Object.assign(new Error('EIO: it failed'), { code: 'EIO' })
      await diskFiles.unlink(path)
    }
    const dying = await diskPersistenceOn(directory, { ...diskFiles, unlink }).open('scope')
    expect(await errorOf(dying.delete(['head']))).toMatchObject({ code: 'ERR_STORE', outcome: 'unknown' })
    expect(await textOf(store, 'head')).toBe('other 4')
    await store.put('head', bytesOf('again'))
    expect(await textOf(store, 'head')).toBe('again')
    await store.delete(['head'])
    expect(await textOf(store, 'head')).toBeUndefined()
  })
})

describe('the directories of a store', () => {
  it('are removed with their last object', async () => {
    const directory = directories.next()
    const store = await diskPersistence(directory).open('scope')
    for (const path of ['1/2/a', '1/2/b', '1/c', '2/a']) await store.put(path, bytesOf(path))
    await store.delete(['1/2/a', '1/2/b', '2/a'])
    expect(existsSync(join(directory, 'scope', '1', '2'))).toBe(false)
    expect(existsSync(join(directory, 'scope', '2'))).toBe(false)
    expect(await textOf(store, '1/c')).toBe('1/c')
  })

  it('are brought to the disk once for many writes', async () => {
    const synced: string[] = []
    const syncDirectory: DiskFiles['syncDirectory'] = async (directory) => {
      synced.push(directory)
      await diskFiles.syncDirectory(directory)
    }
    const directory = directories.next()
    const store = await diskPersistenceOn(directory, { ...diskFiles, syncDirectory }).open('scope')
    await Promise.all(Array.from({ length: 40 }, (_, i) => store.put(`1/segment-${i}`, new Uint8Array(100_000))))
    const count = (path: string) => synced.filter((other) => other === join(directory, path)).length
    expect(count('scope/1')).toBeGreaterThan(0)
    expect(count('scope/1')).toBeLessThanOrEqual(30)
    expect(count('scope')).toBeGreaterThan(0)
    expect(count('')).toBeGreaterThan(0)
  })

  it('count as written only when they are on the disk', async () => {
    const order: string[] = []
    const files: DiskFiles = {
      ...diskFiles,
      async write(path, pieces) {
        await diskFiles.write(path, pieces)
        order.push('write')
      },
      async link(from, to) {
        await diskFiles.link(from, to)
        order.push(`link ${basename(to)}`)
      },
      async syncDirectory(directory) {
        await diskFiles.syncDirectory(directory)
        order.push(`sync ${basename(directory)}`)
      },
    }
    const store = await diskPersistenceOn(directories.next(), files).open('scope')
    await store.put('first', bytesOf('1'))
    order.length = 0
    await store.put('folder/a', bytesOf('1'))
    // The new folder's own name is brought to the disk meanwhile.
    expect(order).toContain('sync scope')
    expect(order.indexOf('link a@1')).toBeGreaterThan(order.indexOf('write'))
    expect(order.at(-1)).toBe('sync folder')
  })
})
