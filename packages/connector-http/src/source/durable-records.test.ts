import { appendFileSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { OpenSource, TemporaryFolder } from '../fixture/open-source.ts'
import { httpSource } from './http-source.ts'

const SEGMENT_BYTES = 256

function open(directory: string, position?: number, options: object = {}): Promise<OpenSource<unknown>> {
  const state = position === undefined ? {} : { state: { position } }
  return OpenSource.open({ durable: { directory }, ...options }, { ...state, segmentBytes: SEGMENT_BYTES })
}

async function fill(directory: string, count: number, position?: number): Promise<void> {
  await using source = await open(directory, position)
  for (let i = 0; i < count; i++) expect(await source.post([`${i}`, { i }])).toMatchObject({ status: 202, body: { accepted: 2 } })
}

const segments = (directory: string) => readdirSync(directory).sort()
const upTo = (count: number) => Array.from({ length: count }, (_, i) => [`${i}`, { i }]).flat()

describe('a source of requests with a log', () => {
  it('has what was accepted after a restart, from any position on, also within a request', async () => {
    using folder = new TemporaryFolder()
    await fill(folder.path, 20)
    expect(segments(folder.path).length).toBeGreaterThan(2)
    for (const position of [undefined, 0, 1, 7, 39, 40]) {
      await using source = await open(folder.path, position)
      expect(await source.readTo(40 - (position ?? 0))).toEqual(upTo(20).slice(position ?? 0))
      expect(source.partition.snapshot()).toEqual({ position: 40 })
    }
  })

  it('keeps values that are no JSON as they are', async () => {
    using folder = new TemporaryFolder()
    const decode = (value: unknown) => ({ at: new Date(value as number), big: 2n ** 70n, some: new Map([[1, undefined]]) })
    const first = await OpenSource.open({ durable: { directory: folder.path }, decode })
    await first.post(5)
    await first.partition.close()
    await using again = await OpenSource.open({ durable: { directory: folder.path }, decode })
    expect(await again.readTo(1)).toEqual([decode(5)])
  })

  it('reads what it has before it takes more, and goes on after it', async () => {
    using folder = new TemporaryFolder()
    await fill(folder.path, 3)
    await using source = await open(folder.path, 2)
    const early = await source.post('early')
    expect([early.status, early.headers.get('retry-after')]).toEqual([429, '1'])
    await source.readTo(4)
    const next = source.partition.ready()
    await new Promise(setImmediate)
    let answer = await source.post('"late"')
    for (let i = 0; i < 100 && answer.status === 429; i++) answer = await source.post('"late"')
    await next
    expect(await source.readTo(5)).toEqual([...upTo(3).slice(2), 'late'])
  })

  it('deletes segments when what they hold is in a durable snapshot, and not before', async () => {
    using folder = new TemporaryFolder()
    await using source = await open(folder.path)
    for (let i = 0; i < 20; i++) await source.post([`${i}`, { i }])
    await source.readTo(39)
    const all = segments(folder.path)
    expect(source.partition.snapshot()).toEqual({ position: 39 })
    await source.readTo(40)
    expect(segments(folder.path)).toEqual(all)
    source.partition.committed?.(1)
    await source.partition.close()
    expect(segments(folder.path).length).toBeLessThan(all.length)
    await using again = await open(folder.path, 39)
    expect(await again.readTo(1)).toEqual([{ i: 19 }])
  })

  it('knows idempotency keys after a restart, also those of segments that are gone', async () => {
    using folder = new TemporaryFolder()
    const first = await open(folder.path)
    for (let i = 0; i < 20; i++) await first.post([i], { 'idempotency-key': `key-${i}` })
    await first.readTo(20)
    first.partition.snapshot()
    first.partition.committed?.(1)
    await first.partition.close()
    expect(segments(folder.path)[0]).not.toBe('0000000000000000-00000001.log')
    await using again = await open(folder.path, 20)
    for (const i of [0, 19]) {
      expect(await again.post([i], { 'idempotency-key': `key-${i}` })).toMatchObject({ status: 202, body: { repeated: true } })
    }
    expect(await again.post([20], { 'idempotency-key': 'key-20' })).toMatchObject({ status: 202, body: { accepted: 1 } })
    expect(await again.readTo(1)).toEqual([20])
  })

  it('takes requests with the same key that come at the same time once', async () => {
    using folder = new TemporaryFolder()
    await using source = await open(folder.path)
    const answers = await Promise.all(Array.from({ length: 8 }, () => source.post([1, 2], { 'idempotency-key': 'same' })))
    expect(answers.filter(({ body }) => body.repeated !== true)).toHaveLength(1)
    expect(answers.every(({ status, body }) => status === 202 && (body.accepted === 2 || body.repeated === true))).toBe(true)
    await source.readTo(2)
    expect(source.poll()).toBe('idle')
    expect(source.values).toEqual([1, 2])
  })

  it('goes on after a request that a crash cut off, wherever it was cut', async () => {
    using folder = new TemporaryFolder()
    await fill(folder.path, 2)
    const [name = ''] = segments(folder.path)
    const path = join(folder.path, name)
    const whole = readFileSync(path)
    await fill(folder.path, 1, 4)
    const [, later = ''] = segments(folder.path)
    const tail = readFileSync(join(folder.path, later))
    // Of the later segment nothing but a part was written; its entry was never acknowledged.
    for (let length = 0; length < tail.length; length += 7) {
      using copy = new TemporaryFolder()
      writeFileSync(join(copy.path, name), whole)
      writeFileSync(join(copy.path, later), tail.subarray(0, length))
      await fill(copy.path, 1, 4)
      await using source = await open(copy.path)
      expect(await source.readTo(6)).toEqual([...upTo(2), '0', { i: 0 }])
    }
    appendFileSync(path, 'half an entry')
    await using source = await open(folder.path)
    expect(await source.readTo(6)).toEqual([...upTo(2), '0', { i: 0 }])
  })

  it('says which records are missing instead of going on without them', async () => {
    using folder = new TemporaryFolder()
    await fill(folder.path, 20)
    await expect(open(folder.path, 41)).rejects.toMatchObject({
      code: 'ERR_DATA_CORRUPT',
      message: expect.stringContaining('the saved state is at record 41, and the log of httpSource ends at 40'),
    })
    const [, second = ''] = segments(folder.path)
    truncateSync(join(folder.path, second), statSync(join(folder.path, second)).size - 1)
    await using source = await open(folder.path)
    await expect(source.readTo(40)).rejects.toMatchObject({
      code: 'ERR_DATA_CORRUPT',
      message: expect.stringContaining('goes on at record'),
    })
  })

  it('answers 429 when the log is full, until a snapshot is durable', async () => {
    using folder = new TemporaryFolder()
    await using source = await open(folder.path, undefined, { durable: { directory: folder.path, bytesMax: 2 * SEGMENT_BYTES } })
    let count = 0
    while ((await source.post([`${count}`])).status === 202) expect(++count).toBeLessThan(100)
    expect(await source.post(['more'])).toMatchObject({ status: 429, body: { error: 'the log is full until the next snapshot' } })
    await source.readTo(count)
    source.partition.snapshot()
    source.partition.committed?.(1)
    expect(await source.post(['more'])).toMatchObject({ status: 202 })
  })

  it('fails with a folder that is none, and with values that cannot be kept', async () => {
    using folder = new TemporaryFolder()
    const file = join(folder.path, 'file')
    writeFileSync(file, '')
    await expect(open(file)).rejects.toMatchObject({ code: 'ERR_FILE', message: expect.stringContaining(file) })
    await using source = await open(join(folder.path, 'log'), undefined, { decode: () => () => 1 })
    expect(await source.post(1)).toMatchObject({ status: 503 })
    expect(() => source.poll()).toThrow(expect.objectContaining({ code: 'ERR_VALUE_NOT_ENCODABLE' }))
    await expect(source.partition.ready()).rejects.toMatchObject({ code: 'ERR_VALUE_NOT_ENCODABLE' })
  })

  it('is made with the size that a log needs', () => {
    const make = (bytesMax: number) => () => httpSource({ port: 0, decode: String, durable: { directory: 'x', bytesMax } })
    expect(make(32 * 1024 * 1024)).not.toThrow()
    expect(make(31 * 1024 * 1024)).toThrow('durable.bytesMax of at least 33554432')
  })
})
