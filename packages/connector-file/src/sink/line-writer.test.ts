import { expect, it } from 'vitest'
import { WRITE_BYTES } from './chunk-writer.ts'
import { LineWriter } from './line-writer.ts'

/** A target that takes a chunk when it is told to. */
class SlowTarget {
  readonly chunks: string[] = []
  #finish: (() => void)[] = []
  readonly write = (chunk: Buffer) => {
    this.chunks.push(chunk.toString())
    return new Promise<void>((resolve) => this.#finish.push(resolve))
  }

  get writing(): number {
    return this.#finish.length
  }

  finish(): void {
    for (const finish of this.#finish.splice(0)) finish()
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)))

it('lines go out at the end of the turn, without flush', async () => {
  const target = new SlowTarget()
  const writer = new LineWriter(target.write, 1000)
  writer.push('a')
  writer.push('b')
  expect(target.chunks).toEqual([])
  await turn()
  expect(target.chunks).toEqual(['a\nb\n'])
})

it('a full chunk goes out at once', () => {
  const target = new SlowTarget()
  const writer = new LineWriter(target.write, 10 * WRITE_BYTES)
  for (let i = 0; i < WRITE_BYTES / 64; i++) writer.push('x'.repeat(63))
  expect(target.chunks.map((chunk) => chunk.length)).toEqual([WRITE_BYTES])
})

it('one write at a time, in order, and what comes meanwhile goes out together', async () => {
  const target = new SlowTarget()
  const writer = new LineWriter(target.write, 1000)
  for (const line of ['a', 'b', 'c', 'd']) {
    writer.push(line)
    await turn()
    expect(target.writing).toBe(1)
  }
  const flushed = writer.flush()
  target.finish()
  await turn()
  expect(target.chunks).toEqual(['a\n', 'b\nc\nd\n'])
  target.finish()
  await flushed
})

it('is saturated while the buffer and the write on its way hold the bound, in bytes', async () => {
  const target = new SlowTarget()
  const writer = new LineWriter(target.write, 12)
  writer.push('ääää')
  expect(writer.saturated).toBe(false)
  await turn()
  writer.push('b')
  expect(writer.saturated).toBe(false)
  writer.push('')
  expect(writer.saturated).toBe(true)
  const flushed = writer.flush()
  target.finish()
  await turn()
  expect(writer.saturated).toBe(false)
  target.finish()
  await flushed
})

it('flush of nothing resolves', async () => {
  await new LineWriter(() => Promise.reject(new Error('not called')), 10).flush()
})

it('a failure reaches whoever flushes or writes next, every time', async () => {
  const writer = new LineWriter(() => Promise.reject(new Error('broken')), 10)
  writer.push('a')
  await expect(writer.flush()).rejects.toThrow('broken')
  await expect(writer.flush()).rejects.toThrow('broken')
  expect(() => writer.push('b')).toThrow('broken')
  expect(writer.saturated).toBe(false)
})

it('stop drops what waits and resolves after the write on its way', async () => {
  const target = new SlowTarget()
  const writer = new LineWriter(target.write, 1000)
  writer.push('a')
  await turn()
  writer.push('b')
  let isStopped = false
  const stopped = writer.stop().then(() => {
    isStopped = true
  })
  await turn()
  expect(isStopped).toBe(false)
  target.finish()
  await stopped
  await turn()
  expect(target.chunks).toEqual(['a\n'])
})
