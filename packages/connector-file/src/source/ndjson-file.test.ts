import type { Source } from '@malstrom/core'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, expectTypeOf, it, vi } from 'vitest'
import { PATIENCE_MS, PROPERTY_SETTINGS } from '../fixture/property-settings.ts'
import { readAll, readUntilFailure } from '../fixture/read-partition.ts'
import { TemporaryFolder } from '../fixture/temporary-folder.ts'
import type { FilePosition } from './file-position.ts'
import { ndjsonFile } from './ndjson-file.ts'

vi.setConfig({ testTimeout: PATIENCE_MS })

let folder: TemporaryFolder
beforeEach(() => {
  folder = new TemporaryFolder()
})
afterEach(() => folder[Symbol.dispose]())

const read = async (content: string) => (await readAll(ndjsonFile(folder.file('in.ndjson', content)))).records

it('each line is a value, and blank lines are skipped without a number', async () => {
  expect(await read('\ufeff{"a":1}\r\n\n  \t\r\n[2]\nnull\n"x"\n\n3')).toEqual([
    { value: { a: 1 }, timestamp: 0 },
    { value: [2], timestamp: 1 },
    { value: null, timestamp: 2 },
    { value: 'x', timestamp: 3 },
    { value: 3, timestamp: 4 },
  ])
})

it('a file of blank lines finishes without a record', async () => {
  expect(await read('\n\n \n')).toEqual([])
})

it('whatever JSON.stringify writes is read again', async () => {
  const property = fc.asyncProperty(fc.array(fc.jsonValue({ noUnicodeString: false })), async (values) => {
    const lines = values.map((value) => JSON.stringify(value))
    expect((await read(lines.join('\n'))).map(({ value }) => value)).toEqual(lines.map((line) => JSON.parse(line)))
  })
  await fc.assert(property, PROPERTY_SETTINGS)
})

it('a line that is no JSON is an error with path, line and a short excerpt, after the lines before it', async () => {
  const path = folder.file('in.ndjson', `1\n\n2\n{"name": ${'y'.repeat(500)}}\n3\n`)
  const { values, failure, state } = await readUntilFailure(ndjsonFile(path))
  expect(values).toEqual([1, 2])
  expect(failure).toMatchObject({ code: 'ERR_RECORD_INVALID', context: { path, line: 4, operator: 'op' } })
  const { message } = failure as Error
  expect(message.startsWith(`${path}:4: not valid JSON (`)).toBe(true)
  expect(message).toContain(`{"name": ${'y'.repeat(71)}...`)
  expect(message).not.toContain('y'.repeat(72))
  expect(state).toMatchObject({ offset: 5, index: 2, line: 3 })
})

it('line numbers go on after a restart', async () => {
  const path = folder.file('in.ndjson', '1\n2\n{')
  await expect(readAll(ndjsonFile(path), path, { offset: 2, index: 1, line: 1 })).rejects.toMatchObject({ context: { line: 3 } })
})

it('a line over the limit is refused', async () => {
  const path = folder.file('in.ndjson', `1\n"${'x'.repeat(99)}"\n`)
  await expect(readAll(ndjsonFile(path, { maxLineBytes: 100 }))).rejects.toMatchObject({ code: 'ERR_RECORD_TOO_LARGE' })
})

it('the values have the type that is asked for', () => {
  expectTypeOf(ndjsonFile<{ id: number }>('x')).toEqualTypeOf<Source<{ id: number }, number, string, FilePosition>>()
})
