import { spawn, spawnSync } from 'node:child_process'
import { PassThrough, Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { PATIENCE_MS } from '../fixture/property-settings.ts'
import { CONTEXT, Collected, readAll } from '../fixture/read-partition.ts'
import { stdinCsv, stdinLines, stdinNdjson } from './stdin.ts'
import { STDIN_BUFFER_BYTES_MAX } from './stream-input.ts'

vi.setConfig({ testTimeout: PATIENCE_MS })

const job = fileURLToPath(new URL('../fixture/child-job.ts', import.meta.url))
const nodeArguments = ['--conditions=@malstrom/source', '--import', 'tsx', job]
const streamOf = (...chunks: string[]) => Readable.from(chunks.map((chunk) => Buffer.from(chunk)))

/** A stream without end, which counts what is taken from it. */
function endless(chunk: Buffer): { stream: Readable; bytes: () => number } {
  let bytes = 0
  const stream = new Readable({
    read() {
      bytes += chunk.length
      // Not at once, as for a real pipe.
      setImmediate(() => stream.push(chunk))
    },
  })
  return { stream, bytes: () => bytes }
}

const turns = async (count: number) => {
  for (let i = 0; i < count; i++) await new Promise(setImmediate)
}

describe('standard input', () => {
  it('is one partition, of lines, JSON or CSV', async () => {
    expect(stdinLines().listPartitions()).toEqual(['stdin'])
    expect((await readAll(stdinLines({ stream: streamOf('a\nb', 'c\r', '\nd') }))).values).toEqual(['a', 'bc', 'd'])
    expect((await readAll(stdinNdjson({ stream: streamOf('{"a":', '1}\n\n2') }))).values).toEqual([{ a: 1 }, 2])
    expect((await readAll(stdinCsv({ stream: streamOf('a,b\n1', ',2\n') }))).values).toEqual([{ a: '1', b: '2' }])
    expect((await readAll(stdinCsv({ stream: streamOf('1,2\n'), header: false }))).values).toEqual([['1', '2']])
  })

  it('gives lines as soon as they are there, and waits in between', async () => {
    const stream = new PassThrough()
    const partition = await stdinLines({ stream }).openPartition('stdin', undefined, CONTEXT)
    const output = new Collected<string>()
    expect(partition.poll(output, 10)).toBe('idle')
    let isReady = false
    const ready = partition.ready().then(() => {
      isReady = true
    })
    await turns(3)
    expect(isReady).toBe(false)
    stream.write('a\nb')
    await ready
    expect(partition.poll(output, 10)).toBe('idle')
    expect(output.values).toEqual(['a'])
    stream.end()
    await partition.ready()
    expect(partition.poll(output, 10)).toBe('finished')
    expect(output.values).toEqual(['a', 'b'])
    await partition.close()
  })

  it('is not continued: a restart numbers on and reads what comes', async () => {
    const state = { offset: 1000, index: 7, line: 9 }
    const { records } = await readAll(stdinCsv({ stream: streamOf('id\nx\n') }), 'stdin', state)
    expect(records).toEqual([{ value: { id: 'x' }, timestamp: 7 }])
    await expect(readAll(stdinNdjson({ stream: streamOf('{') }), 'stdin', state)).rejects.toThrow(/^stdin:1: not valid JSON/)
  })

  it('fails when the stream breaks off, after what came before', async () => {
    const stream = new PassThrough()
    const partition = await stdinLines({ stream }).openPartition('stdin', undefined, CONTEXT)
    const output = new Collected<string>()
    expect(partition.poll(output, 0)).toBe('idle')
    stream.write('a\n')
    await turns(2)
    stream.destroy(new Error('cable cut'))
    await turns(2)
    expect(() => {
      while (partition.poll(output, 1) !== 'finished');
    }).toThrow(/Standard input broke off: cable cut/)
    expect(output.values).toEqual(['a'])
    await expect(partition.ready()).rejects.toMatchObject({ code: 'ERR_SOURCE_FAILED' })
    await partition.close()
  })

  it('lets close end a wait', async () => {
    const partition = await stdinLines({ stream: new PassThrough() }).openPartition('stdin', undefined, CONTEXT)
    partition.poll(new Collected<string>(), 1)
    const ready = partition.ready()
    await partition.close()
    await ready
  })
})

describe('back-pressure', () => {
  it('stops reading while the buffer is full, and goes on when it is emptied', async () => {
    const chunk = Buffer.from('0123456789abcde\n'.repeat(1024))
    const { stream, bytes } = endless(chunk)
    const partition = await stdinLines({ stream }).openPartition('stdin', undefined, CONTEXT)
    const output = new Collected<string>()
    expect(partition.poll(output, 64)).toBe('idle')
    await turns(500)
    const slack = chunk.length + stream.readableHighWaterMark + chunk.length
    expect(bytes()).toBeGreaterThanOrEqual(STDIN_BUFFER_BYTES_MAX)
    expect(bytes()).toBeLessThanOrEqual(STDIN_BUFFER_BYTES_MAX + slack)
    for (let i = 0; i < 2000; i++) {
      partition.poll(output, 64)
      await turns(1)
      const unread = bytes() - output.records.length * 16
      expect(unread).toBeLessThanOrEqual(2 * STDIN_BUFFER_BYTES_MAX + slack)
    }
    expect(output.records.length).toBe(2000 * 64)
    await partition.close()
  })

  it('does not begin before the job does', async () => {
    const { stream, bytes } = endless(Buffer.alloc(1024, '\n'))
    const partition = await stdinLines({ stream }).openPartition('stdin', undefined, CONTEXT)
    await turns(100)
    expect(bytes()).toBe(0)
    await partition.close()
  })

  it('gives up on a line without an end before it fills the memory', async () => {
    const { stream, bytes } = endless(Buffer.alloc(16 * 1024, 'x'))
    await expect(readAll(stdinLines({ stream }))).rejects.toMatchObject({
      code: 'ERR_RECORD_TOO_LARGE',
      context: { path: 'stdin', line: 1 },
    })
    expect(bytes()).toBeLessThan(1024 * 1024 + 2 * STDIN_BUFFER_BYTES_MAX)
  })
})

describe('a process', () => {
  it('reads what is piped into it', () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `zeile ${i} äöü`)
    const { stdout, status } = spawnSync(process.execPath, [...nodeArguments, 'Infinity', '1'], {
      input: lines.join('\n'),
      encoding: 'utf8',
    })
    expect(status).toBe(0)
    expect(stdout).toBe(`${lines.join('\n')}\n`)
  })

  it('ends when the job is done, even if standard input stays open', async () => {
    const child = spawn(process.execPath, [...nodeArguments, '1', '1'], { stdio: ['pipe', 'pipe', 'inherit'] })
    child.stdin.write('only\nthe first\n')
    const printed: Buffer[] = []
    child.stdout.on('data', (chunk) => printed.push(chunk))
    const status = await new Promise((resolve) => child.on('close', resolve))
    expect(status).toBe(0)
    expect(Buffer.concat(printed).toString()).toBe('only\n')
    child.stdin.destroy()
  })
})
