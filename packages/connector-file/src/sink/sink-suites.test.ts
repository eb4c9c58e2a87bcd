import { existsSync, readFileSync } from 'node:fs'
import { Writable } from 'node:stream'
import { type SinkRecord, sinkSuite } from '@malstrom/testing'
import { TemporaryFolder } from '../fixture/temporary-folder.ts'
import { toConsole } from './to-console.ts'
import { toFile, toFiles, toNdjsonFile } from './to-file.ts'

const records: SinkRecord<string, number, number>[] = Array.from({ length: 12 }, (_, i) => ({
  value: `${i} größe 😀 ${'x'.repeat(i * 1000)}`,
  key: i % 3,
  timestamp: i,
}))

function linesIn(path: string): string[] {
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []
}

const folders = {
  setup: () => new TemporaryFolder(),
  teardown: (folder: TemporaryFolder) => folder[Symbol.dispose](),
}

// The partition of a file sink is the path.
const reading = { ...folders, records, read: (_: TemporaryFolder, path: string) => linesIn(path) }

sinkSuite('toFile', { ...reading, create: (folder) => toFile<string, number, number>(folder.file('out.txt')) })

sinkSuite('toFile with overwrite', {
  ...reading,
  create: (folder) => toFile<string, number, number>(folder.file('out.txt'), { overwrite: true }),
})

sinkSuite('toFile with append', {
  ...reading,
  create: (folder) => toFile<string, number, number>(folder.file('out.txt'), { append: true }),
})

sinkSuite('toFile with delivery exactly-once', {
  ...reading,
  delivery: 'exactly-once',
  create: (folder) => toFile<string, number, number>(folder.file('out.txt'), { delivery: 'exactly-once' }),
})

sinkSuite('toFiles with delivery exactly-once', {
  ...reading,
  delivery: 'exactly-once',
  create: (folder) => toFiles<string, number, number>((_value, key) => folder.file(`${key}/out.txt`), { delivery: 'exactly-once' }),
})

sinkSuite('toNdjsonFile', {
  ...reading,
  create: (folder) => toNdjsonFile<string, number, number>(folder.file('out.ndjson')),
  read: (_, path) => linesIn(path).map((line) => JSON.parse(line)),
})

sinkSuite('toFiles', {
  ...reading,
  create: (folder) => toFiles<string, number, number>((_value, key) => folder.file(`${key}/out.txt`)),
})

/** A terminal that takes its time. */
class Terminal extends Writable {
  text = ''

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    setImmediate(done)
  }
}

sinkSuite('toConsole', {
  setup: () => new Terminal(),
  create: (stream) => toConsole<string, number, number>({ stream, format: (value) => value }),
  records,
  read: (stream) => stream.text.split('\n').slice(0, -1),
})
