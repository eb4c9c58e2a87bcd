import type { Source } from '@malstrom/core'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from 'vitest'
import { PATIENCE_MS, PROPERTY_SETTINGS } from '../fixture/property-settings.ts'
import { CONTEXT, Collected, readAll, readUntilFailure } from '../fixture/read-partition.ts'
import { TemporaryFolder } from '../fixture/temporary-folder.ts'
import { csvFile } from './csv-file.ts'
import { rowOf } from './csv-row.ts'
import type { FilePosition } from './file-position.ts'

vi.setConfig({ testTimeout: PATIENCE_MS })

let folder: TemporaryFolder
beforeEach(() => {
  folder = new TemporaryFolder()
})
afterEach(() => folder[Symbol.dispose]())

const rowsOf = async (content: string) => (await readAll(csvFile(folder.file('in.csv', content), { header: false }))).values
const recordsOf = async (content: string) => (await readAll(csvFile(folder.file('in.csv', content)))).records

describe('the fields of a record', () => {
  it.each<[name: string, content: string, rows: string[][]]>([
    [
      'plain',
      'a,b\nc,d\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'a last record without a line end',
      'a,b\r\nc,d',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'empty fields',
      ',\n,x\ny,\n',
      [
        ['', ''],
        ['', 'x'],
        ['y', ''],
      ],
    ],
    ['empty lines between records', '\na\n\n\r\nb\n\n', [['a'], ['b']]],
    [
      'quoted',
      '"a","b"\n"c",d\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    ['an empty quoted field alone', '""\n', [['']]],
    ['quoted delimiters', '"a,b",c\n', [['a,b', 'c']]],
    [
      'quoted line ends',
      '"a\nb\r\n\nc",d\ne,f',
      [
        ['a\nb\r\n\nc', 'd'],
        ['e', 'f'],
      ],
    ],
    ['doubled quotes', '"""a""b""","",""""\n', [['"a"b"', '', '"']]],
    ['a quoted field at the end of the file', 'a,"b"', [['a', 'b']]],
    [
      'a quoted field before a Windows line end',
      'a,"b"\r\nc,"d"\r\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    ['spaces are kept', ' a , b \n', [[' a ', ' b ']]],
    ['a byte order mark before a quote', '\ufeff"a,b",c\n', [['a,b', 'c']]],
    [
      'characters of several bytes',
      'ä,"€\n😀"\nü,x\n',
      [
        ['ä', '€\n😀'],
        ['ü', 'x'],
      ],
    ],
    [
      'quotes in the next record only',
      'a,b\n"c,c","d"\n',
      [
        ['a', 'b'],
        ['c,c', 'd'],
      ],
    ],
    ['nothing', '', []],
  ])('%s', async (_, content, rows) => {
    expect(await rowsOf(content)).toEqual(rows)
  })

  it('are those that were written, for any fields, and from any cut on', async () => {
    const field = fc.oneof(fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r\n', 'é', '😀', ' ') }), fc.constant('x'.repeat(1800)))
    const table = fc.integer({ min: 1, max: 4 }).chain((width) => fc.array(fc.array(field, { minLength: width, maxLength: width })))
    const property = fc.asyncProperty(table, fc.boolean(), fc.nat({ max: 10 }), async (rows, header, count) => {
      const quoted = (value: string) => (value === '' || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)
      const names = (rows[0] ?? ['x']).map((_, i) => `column ${i}`)
      const lines = [...(header ? [names] : []), ...rows].map((row) => row.map(quoted).join(','))
      const path = folder.file('in.csv', lines.join('\r\n'))
      const source = (header ? csvFile(path) : csvFile(path, { header: false })) as Source<unknown, number, string, FilePosition>
      const expected = header ? rows.map((row) => rowOf(names, row)) : rows
      const first = await source.openPartition(path, undefined, CONTEXT)
      const output = new Collected<unknown>()
      const cut = Math.min(count, rows.length)
      while (output.records.length < cut) if (first.poll(output, cut - output.records.length) === 'idle') await first.ready()
      const rest = await readAll(source, path, first.snapshot())
      await first.close()
      expect([...output.values, ...rest.values]).toEqual(expected)
    })
    await fc.assert(property, PROPERTY_SETTINGS)
  })

  it('may be delimited and quoted by other characters, or not quoted at all', async () => {
    const path = folder.file('in.csv', "a;'b;''c'\n")
    expect((await readAll(csvFile(path, { header: false, delimiter: ';', quote: "'" }))).values).toEqual([['a', "b;'c"]])
    const tabs = folder.file('in.tsv', 'a\t5" pipe\n"\tx\n')
    expect((await readAll(csvFile(tabs, { header: false, delimiter: '\t', quote: null }))).values).toEqual([
      ['a', '5" pipe'],
      ['"', 'x'],
    ])
  })
})

describe('a header', () => {
  it('names the fields and has no number', async () => {
    expect(await recordsOf('\ufeffid,"full name"\n1,Ann\n2,"Bob, B."\n')).toEqual([
      { value: { id: '1', 'full name': 'Ann' }, timestamp: 0 },
      { value: { id: '2', 'full name': 'Bob, B.' }, timestamp: 1 },
    ])
  })

  it('alone gives nothing', async () => {
    expect(await recordsOf('id,name\n')).toEqual([])
    expect(await recordsOf('id,name')).toEqual([])
  })

  it('is known again after a restart', async () => {
    const path = folder.file('in.csv', 'id,name\n1,Ann\n2,Bob\n')
    const records = (await readAll(csvFile(path), path, { offset: 14, index: 1, line: 2 })).records
    expect(records).toEqual([{ value: { id: '2', name: 'Bob' }, timestamp: 1 }])
  })

  it('can be given for a file that has none', async () => {
    const source = csvFile(folder.file('in.csv', '1,Ann\n'), { header: ['id', 'name'] })
    expectTypeOf(source).toEqualTypeOf<Source<Record<'id' | 'name', string>, number, string, FilePosition>>()
    expect((await readAll(source)).values).toEqual([{ id: '1', name: 'Ann' }])
  })

  it('decides the type of the records', () => {
    expectTypeOf(csvFile('x')).toEqualTypeOf<Source<Record<string, string>, number, string, FilePosition>>()
    expectTypeOf(csvFile('x', { delimiter: ';' })).toEqualTypeOf<Source<Record<string, string>, number, string, FilePosition>>()
    expectTypeOf(csvFile('x', { header: false })).toEqualTypeOf<Source<string[], number, string, FilePosition>>()
  })

  it('may have any name but a name twice and __proto__', async () => {
    const names = ['', 'a"b', "a'b", '`x', '1', 'constructor', 'a\nb', '\u2028', '\\']
    const content = `${names.map((name) => `"${name.replaceAll('"', '""')}"`).join(',')}\n${names.map((_, i) => i).join(',')}\n`
    expect((await recordsOf(content))[0]?.value).toEqual(
      rowOf(
        names,
        names.map((_, i) => String(i)),
      ),
    )
    for (const header of ['a,b,a\n', 'a,__proto__\n']) {
      await expect(recordsOf(header)).rejects.toMatchObject({ code: 'ERR_RECORD_INVALID', context: { line: 1 } })
    }
  })

  it('names columns by any text, which never becomes code', () => {
    const property = fc.property(
      fc.uniqueArray(
        fc.string().filter((name) => name !== '__proto__'),
        { minLength: 1 },
      ),
      (names) => {
        const fields = names.map((name) => `value of ${name}`)
        expect(Object.entries(rowOf(names, fields)).sort()).toEqual(names.map((name, i) => [name, fields[i]]).sort())
      },
    )
    fc.assert(property)
  })
})

describe('a record that is wrong', () => {
  it.each<[name: string, content: string, line: number, message: RegExp]>([
    ['too few fields', 'a,b\n1,2\n\n3\n', 4, /the number of fields is 1, but there are 2 columns: 3$/],
    ['too many fields', 'a,b\n1,2,3\n', 2, /the number of fields is 3, but there are 2 columns: 1 \| 2 \| 3$/],
    ['the line is counted with quoted line ends', 'a,b\n"1\n\n",2\n3\n', 5, /number of fields/],
    ['a quote in an unquoted field', 'a,b\n5" pipe,x\n', 2, /a quote is inside a field that does not begin with one: 5" pipe\./],
    ['text after a closing quote', 'a,b\n"x"y,z\n', 2, /text follows a closing quote: "x"y/],
    ['a quote that is not closed', 'a,b\n1,"x\ny\n', 2, /a quoted field is never closed: "x/],
  ])('%s', async (_, content, line, message) => {
    const path = folder.file('in.csv', content)
    const { failure } = await readUntilFailure(csvFile(path))
    expect(failure).toMatchObject({ code: 'ERR_RECORD_INVALID', message: expect.stringMatching(message), context: { path, line } })
    expect((failure as Error).message.startsWith(`${path}:${line}: `)).toBe(true)
  })

  it('is an error without a header too', async () => {
    await expect(rowsOf('a,b\nc\n')).rejects.toThrow(/:2: the number of fields is 1, but the first record has 2/)
  })

  it('is too large, also when a quote is missing', async () => {
    const path = folder.file('in.csv', `a,b\n1,2\n3,"${'x,y\n'.repeat(500_000)}`)
    const { values, failure } = await readUntilFailure(csvFile(path))
    expect(values).toEqual([{ a: '1', b: '2' }])
    expect(failure).toMatchObject({ code: 'ERR_RECORD_TOO_LARGE', context: { line: 3 } })
    expect((failure as Error).message).toContain('closing quote is missing')
  })

  it('is measured without its line end', async () => {
    const path = folder.file('in.csv', 'a,b\r\n1,234567\r\n')
    expect((await readAll(csvFile(path, { maxRecordBytes: 8 }))).values).toEqual([{ a: '1', b: '234567' }])
    await expect(readAll(csvFile(path, { maxRecordBytes: 7 }))).rejects.toMatchObject({ code: 'ERR_RECORD_TOO_LARGE' })
  })
})

it.each<[options: object, message: RegExp]>([
  [{ delimiter: '' }, /delimiter is ""/],
  [{ delimiter: ';;' }, /Give one character/],
  [{ quote: '\n' }, /quote is/],
  [{ delimiter: '"' }, /must differ/],
  [{ header: [] }, /no names/],
  [{ header: ['a', 'a'] }, /two columns are named "a"/],
  [{ maxRecordBytes: -1 }, /maxRecordBytes is -1/],
])('refuses the options %j', (options, message) => {
  expect(() => csvFile('x', options)).toThrow(message)
})
