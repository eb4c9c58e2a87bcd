import { spawn } from 'node:child_process'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Sink, SinkPartition } from '@malstrom/core'
import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import { PATIENCE_MS } from '../fixture/property-settings.ts'
import { CONTEXT } from '../fixture/read-partition.ts'
import { CONSOLE_BUFFER_BYTES_MAX } from './shared-output.ts'
import { type ConsoleOptions, toConsole } from './to-console.ts'

vi.setConfig({ testTimeout: PATIENCE_MS })

/** A reader that takes a chunk only when it is told to. */
class SlowStream extends Writable {
  text = ''
  #isOpen = true
  #take: (() => void) | undefined

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#take = () => {
      this.#take = undefined
      this.text += chunk.toString()
      done()
    }
    if (this.#isOpen) this.#take()
  }

  stall(): void {
    this.#isOpen = false
  }

  resume(): void {
    this.#isOpen = true
    this.#take?.()
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)))

async function open<V, K, T>(options: ConsoleOptions<V, K, T>): Promise<SinkPartition<V, K, T, undefined>> {
  return await toConsole<V, K, T>(options).openPartition('all', undefined, CONTEXT)
}

async function lineOf(value: unknown, key?: unknown, timestamp: unknown = 0, options: ConsoleOptions = {}): Promise<string> {
  const stream = new SlowStream()
  const partition = await open({ stream, ...options })
  partition.write(value, key, timestamp)
  await partition.flush()
  await partition.close()
  return stream.text
}

describe('a line', () => {
  it('shows value, key and timestamp', async () => {
    expect(await lineOf('LOOK')).toBe("{ key: NoKey, value: 'LOOK', timestamp: 0 }\n")
    expect(await lineOf({ a: [1, { b: { c: { d: {} } } }] }, ['x', 1], 2.5)).toBe(
      "{ key: [ 'x', 1 ], value: { a: [ 1, { b: { c: { d: {} } } } ] }, timestamp: 2.5 }\n",
    )
    expect(await lineOf(undefined, null, new Date(0))).toBe('{ key: null, value: undefined, timestamp: 1970-01-01T00:00:00.000Z }\n')
    expect(await lineOf(12n, false, 1n)).toBe('{ key: false, value: 12n, timestamp: 1n }\n')
  })

  it.each<[name: string, value: unknown, shown: string]>([
    ['a long array', Array.from({ length: 300 }, (_, i) => i), `[ ${Array.from({ length: 300 }, (_, i) => i).join(', ')} ]`],
    ['a long string', 'x'.repeat(20_000), `'${'x'.repeat(20_000)}'`],
    ['line ends in strings', { text: `a\nb${'c'.repeat(200)}\r\nd` }, `{ text: 'a\\nb${'c'.repeat(200)}\\r\\nd' }`],
    ['maps and sets', new Map([['k', new Set([1])]]), "Map(1) { 'k' => Set(1) { 1 } }"],
    ['wide objects', Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`field${i}`, 'value'.repeat(5)])), '{ field0'],
  ])('shows the whole of %s', async (_, value, shown) => {
    const line = await lineOf(value)
    expect(line).toContain(`value: ${shown}`)
    expect(line.indexOf('\n')).toBe(line.length - 1)
  })

  it('is one line even for an error with its stack', async () => {
    const line = await lineOf(new Error('broken'))
    expect(line).toContain('Error: broken at ')
    expect(line.indexOf('\n')).toBe(line.length - 1)
  })

  it('is what format says', async () => {
    expect(await lineOf('v', 'k', 3, { format: (value, key, timestamp) => `${value}/${key}/${timestamp}` })).toBe('v/k/3\n')
  })

  it('has colours if asked', async () => {
    expect(await lineOf(1, undefined, 0, { colors: true })).toContain('\u001b[33m1\u001b[39m')
  })

  it('takes its types from the stream', () => {
    const sink = <P extends string, S>(sink: Sink<{ id: number }, string, number, P, S>) => sink
    sink(toConsole())
    sink(
      toConsole({
        format: (value, key, timestamp) => {
          expectTypeOf(value).toEqualTypeOf<{ id: number }>()
          expectTypeOf(key).toEqualTypeOf<string>()
          expectTypeOf(timestamp).toEqualTypeOf<number>()
          return ''
        },
      }),
    )
  })
})

describe('printing', () => {
  it('happens soon, without flush', async () => {
    const stream = new SlowStream()
    const partition = await open({ stream, format: String })
    partition.write('a', undefined, 0)
    partition.write('b', undefined, 1)
    expect(stream.text).toBe('')
    await turn()
    expect(stream.text).toBe('a\nb\n')
    await partition.close()
  })

  it('keeps the order of lines across sinks, and closing one leaves the others', async () => {
    const stream = new SlowStream()
    const a = await open({ stream, format: (value) => `a${value}` })
    const b = await open({ stream, format: (value) => `b${value}` })
    for (let i = 0; i < 3; i++) for (const partition of [a, b]) partition.write(i, undefined, i)
    await a.close()
    await a.close()
    b.write(3, undefined, 3)
    await b.flush()
    await b.close()
    expect(stream.text).toBe('a0\nb0\na1\nb1\na2\nb2\nb3\n')
  })

  it('also happens for what was written before close', async () => {
    const stream = new SlowStream()
    const partition = await open({ stream, format: String })
    partition.write('last words', undefined, 0)
    await partition.close()
    await turn()
    expect(stream.text).toBe('last words\n')
  })

  it('waits for a reader that is slow, with a bounded buffer', async () => {
    const stream = new SlowStream()
    stream.stall()
    const partition = await open({ stream, format: () => 'x'.repeat(99) })
    let written = 0
    for (; !partition.saturated; written++) {
      partition.write(0, undefined, 0)
      if (written % 100 === 0) await turn()
    }
    expect(written * 100).toBe(Math.ceil(CONSOLE_BUFFER_BYTES_MAX / 100) * 100)
    let isFlushed = false
    const flushed = partition.flush().then(() => {
      isFlushed = true
    })
    await turn()
    expect(isFlushed).toBe(false)
    stream.resume()
    await flushed
    expect(partition.saturated).toBe(false)
    expect(stream.text.length).toBe(written * 100)
    await partition.close()
  })

  it('fails as a sink when the reader is gone', async () => {
    const stream = new Writable({
      write(_chunk, _encoding, done) {
        done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
      },
    })
    const partition = await open({ stream, format: String })
    partition.write('a', undefined, 0)
    await turn()
    expect(() => partition.write('b', undefined, 1)).toThrow(/EPIPE/)
    await expect(partition.flush()).rejects.toMatchObject({
      code: 'ERR_SINK_FAILED',
      context: { operator: 'op' },
      cause: { code: 'EPIPE' },
    })
    await partition.close()
    await turn()
    expect(stream.listenerCount('error')).toBe(0)
  })

  it('leaves the stream as it was, also after many sinks', async () => {
    const stream = new SlowStream()
    const partitions = await Promise.all(Array.from({ length: 20 }, () => open({ stream })))
    expect(stream.listenerCount('error')).toBe(1)
    for (const partition of partitions) await partition.close()
    await turn()
    expect(stream.listenerCount('error')).toBe(0)
    expect(stream.writableEnded).toBe(false)
  })

  it('does not wait for a stalled reader when it is closed', async () => {
    const stream = new SlowStream()
    stream.stall()
    const partition = await open({ stream, format: String })
    partition.write('a', undefined, 0)
    await turn()
    await partition.close()
    stream.resume()
  })
})

it('a process whose output is closed by `head` ends with a clear error', async () => {
  const job = fileURLToPath(new URL('../fixture/child-job.ts', import.meta.url))
  const child = spawn(process.execPath, ['--conditions=@malstrom/source', '--import', 'tsx', job, 'Infinity', '1000'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.on('error', () => undefined)
  child.stdin.write(`${'line of text\n'.repeat(10_000)}`)
  const errors: Buffer[] = []
  child.stderr.on('data', (chunk) => errors.push(chunk))
  child.stdout.once('data', () => child.stdout.destroy())
  const status = await new Promise((resolve) => child.on('close', resolve))
  expect(Buffer.concat(errors).toString()).toBe(
    'ERR_SINK_FAILED The output takes no more lines: its reader has closed it (EPIPE), as `| head` does. Keep the reader open, or print less.\n',
  )
  expect(status).toBe(3)
})
