import { PassThrough, Readable, Writable } from 'node:stream'
import { type SinkRecord, sinkSuite, sourceSuite } from '@malstrom/testing'
import { describe, expect, it } from 'vitest'
import { CONTEXT, readAll, readUntilFailure } from '../fixture/read-partition.ts'
import { TemporaryFolder } from '../fixture/temporary-folder.ts'
import { FileSource } from '../source/file-source.ts'
import { recordReader } from '../source/record-reader.ts'
import { stdinStream, toStdoutStream } from './stdio-stream.ts'
import { formatStreamLine, parseStreamLine } from './stream-line.ts'
import { streamLineFormat } from './stream-line-format.ts'
import type { NewStreamMessage } from './stream-message.ts'

const input = (text: string) => Readable.from([Buffer.from(text)])
const TIME = Date.UTC(2022, 0, 2, 3, 4, 5)

describe('messages on standard input', () => {
  it('have what their line says, and the rest is filled in', async () => {
    const stream = input('[2022-01-02T03:04:05 | a | 7 | 2] one\n["json"]\n[b] größe\n')
    const before = Date.now()
    const { values, records } = await readAll(stdinStream({ stream }))
    expect(values).toEqual([
      { key: 'a', shard: 2n, sequence: 7n, timestamp: TIME, payload: Buffer.from('one') },
      { key: 'broadcast', shard: 0n, sequence: 1n, timestamp: expect.any(Number), payload: Buffer.from('["json"]') },
      { key: 'b', shard: 0n, sequence: 2n, timestamp: expect.any(Number), payload: Buffer.from('größe') },
    ])
    expect(values[1]?.timestamp).toBeGreaterThanOrEqual(before)
    expect(records.map(({ timestamp }) => timestamp)).toEqual([0, 1, 2])
  })

  it('are those of the streams that are wanted, and those for all', async () => {
    const stream = input('[a] 1\n[b] 2\nall\n[c] 3\n')
    const { values } = await readAll(stdinStream({ stream, keys: ['a', 'c'] }))
    expect(values.map(({ payload }) => String(payload))).toEqual(['1', 'all', '3'])
  })

  it('are an error where a line is none, or leave it out', async () => {
    const { failure, values } = await readUntilFailure(stdinStream({ stream: input('[a] 1\n[ ]\n[a] 2\n') }))
    expect(values).toHaveLength(1)
    expect(failure).toMatchObject({
      code: 'ERR_RECORD_INVALID',
      context: { path: 'stdin', line: 2 },
      message: expect.stringContaining('stdin:2: '),
    })
    const skipping = stdinStream({ stream: input('[a] 1\n[ ]\n[a] 2\n'), onInvalid: 'skip' })
    expect((await readAll(skipping)).values.map(({ sequence }) => sequence)).toEqual([0n, 2n])
  })

  it('are asked for with options that make sense', () => {
    expect(() => stdinStream({ keys: [] })).toThrow(/keys is empty/)
    expect(() => stdinStream({ keys: [''] })).toThrow(/"" is not the key of a stream/)
    expect(() => stdinStream({ onInvalid: 'x' as 'fail' })).toThrow(/onInvalid is x/)
  })
})

describe('messages on standard output', () => {
  async function printed(messages: readonly NewStreamMessage[], options = {}): Promise<string> {
    const stream = new PassThrough()
    const partition = await toStdoutStream({ stream, ...options }).openPartition('all', undefined, CONTEXT)
    for (const message of messages) partition.write(message, undefined, 0)
    await partition.flush()
    await partition.close()
    return String(stream.read() ?? '')
  }

  it('are lines with a head, numbered per key where they are not', async () => {
    const text = await printed([
      { key: 'a', payload: 'x', timestamp: TIME },
      { key: 'b', payload: Buffer.from('größe'), timestamp: TIME + 1 },
      { key: 'a', payload: '', timestamp: TIME, shard: 3n },
      { key: 'a', payload: 'y', timestamp: TIME, sequence: 10n },
      { key: 'a', payload: 'z', timestamp: TIME },
    ])
    expect(text).toBe(
      '[2022-01-02T03:04:05 | a | 0] x\n[2022-01-02T03:04:05.001 | b | 0] größe\n[2022-01-02T03:04:05 | a | 1 | 3]\n' +
        '[2022-01-02T03:04:05 | a | 10] y\n[2022-01-02T03:04:05 | a | 11] z\n',
    )
    const read = await readAll(stdinStream({ stream: input(text) }))
    expect(read.values.map(({ key, shard, sequence, payload }) => [key, shard, sequence, String(payload)])).toEqual([
      ['a', 0n, 0n, 'x'],
      ['b', 0n, 0n, 'größe'],
      ['a', 3n, 1n, ''],
      ['a', 0n, 10n, 'y'],
      ['a', 0n, 11n, 'z'],
    ])
  })

  it('may have line ends if both sides escape them', async () => {
    const payload = 'a\nb\\n\r'
    await expect(printed([{ key: 'a', payload }])).rejects.toMatchObject({ code: 'ERR_RECORD_INVALID' })
    const text = await printed([{ key: 'a', payload }], { escapeLineEnds: true })
    const { values } = await readAll(stdinStream({ stream: input(text), escapeLineEnds: true }))
    expect(String(values[0]?.payload)).toBe(payload)
  })

  it('are UTF-8', async () => {
    await expect(printed([{ key: 'a', payload: Buffer.from([0xff]) }])).rejects.toThrow(/not UTF-8/)
  })
})

/** Standard input cannot be read again, so the suite reads the same lines from a file. */
const folder = new TemporaryFolder()
process.on('exit', () => folder[Symbol.dispose]())
const messages = Array.from({ length: 24 }, (_, i) => ({
  key: ['a', 'b'][i % 2] as string,
  shard: BigInt(i % 3),
  sequence: BigInt(i),
  timestamp: TIME + i,
  payload: Buffer.from(`${i} größe`), // Short, because the comparison of bytes is slow.
}))
const path = folder.file(
  'in.txt',
  messages.map((message) => `${formatStreamLine({ ...message, payload: String(message.payload) })}\n`).join(''),
)

sourceSuite('stdinStream, from a file', {
  create: () => new FileSource('suite', path, recordReader(streamLineFormat('suite', {})), {}),
  expected: [{ partition: path, records: messages.map((value, timestamp) => ({ value, timestamp })) }],
})

class Terminal extends Writable {
  text = ''

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    setImmediate(done)
  }
}

const written: SinkRecord<NewStreamMessage, undefined, number>[] = messages
  .slice(0, 12)
  .map((value, timestamp) => ({ value, key: undefined, timestamp }))

sinkSuite('toStdoutStream', {
  setup: () => new Terminal(),
  create: (stream) => toStdoutStream<undefined, number>({ stream }),
  records: written,
  visible: ({ value }) => [value.key, value.sequence, String(value.payload)],
  read: ({ text }) =>
    text
      .split('\n')
      .slice(0, -1)
      .map((line) => parseStreamLine(line))
      .map(({ key, sequence, payload }) => [key, sequence, payload]),
})
