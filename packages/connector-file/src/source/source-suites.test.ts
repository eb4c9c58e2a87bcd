import { type SourceRecord, sourceSuite } from '@malstrom/testing'
import { TemporaryFolder } from '../fixture/temporary-folder.ts'
import { csvFile } from './csv-file.ts'
import { ndjsonFile } from './ndjson-file.ts'
import { textFile } from './text-file.ts'

/** Partitions are paths, and the suite knows them beforehand: the tests of this file share a folder. */
const folder = new TemporaryFolder()
process.on('exit', () => folder[Symbol.dispose]())

const recordsOf = <V>(values: readonly V[]): SourceRecord<V, number>[] => values.map((value, timestamp) => ({ value, timestamp }))
const words = Array.from({ length: 24 }, (_, i) => ['look', '', 'größe 😀', 'x'.repeat(100 * i)][i % 4] as string)

const long = folder.file('long.txt', words.join('\r\n'))
const empty = folder.file('empty.txt', '')
const short = folder.file('short.txt', 'a\nb\n')
sourceSuite('textFile', {
  create: () => textFile([long, empty, short]),
  expected: [
    { partition: long, records: recordsOf(words) },
    { partition: empty, records: [] },
    { partition: short, records: recordsOf(['a', 'b']) },
  ],
})

const values = words.map((word, i) => ({ word, i }))
const ndjson = folder.file('in.ndjson', values.map((value) => `${JSON.stringify(value)}\n${value.i % 5 === 0 ? '\n' : ''}`).join(''))
sourceSuite('ndjsonFile', {
  create: () => ndjsonFile<{ word: string; i: number }>(ndjson),
  expected: [{ partition: ndjson, records: recordsOf(values) }],
})

const rows = words.map((word, i) => [String(i), `"${word}"\n, ${i}`])
const lines = rows.map((row) => row.map((field) => `"${field.replaceAll('"', '""')}"`).join(','))
const named = folder.file('named.csv', `\ufeffi,word\n${lines.join('\n')}`)
const header = folder.file('header.csv', 'i,word\n')
sourceSuite('csvFile', {
  create: () => csvFile([named, header]),
  expected: [
    { partition: named, records: recordsOf(rows.map(([i, word]) => ({ i, word }) as Record<string, string>)) },
    { partition: header, records: [] },
  ],
})

const bare = folder.file('bare.csv', `${lines.join('\r\n')}\r\n`)
sourceSuite('csvFile without a header', {
  create: () => csvFile(bare, { header: false }),
  expected: [{ partition: bare, records: recordsOf(rows) }],
})
