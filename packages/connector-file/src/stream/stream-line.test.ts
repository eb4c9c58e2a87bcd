import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatStreamLine, parseStreamLine, type StreamLine } from './stream-line.ts'

const TIME = Date.UTC(2022, 0, 2, 3, 4, 5)

describe('a line is read as', () => {
  it.each<[line: string, expected: StreamLine]>([
    ['a plain, raw message', { payload: 'a plain, raw message' }],
    ['{ "payload": "anything" }', { payload: '{ "payload": "anything" }' }],
    ['[2022-01-02T03:04:05] { "payload": "anything" }', { timestamp: TIME, payload: '{ "payload": "anything" }' }],
    [
      '[2022-01-02T03:04:05.678 | my-fancy_topic.1] ["array", "of", "values"]',
      { timestamp: TIME + 678, key: 'my-fancy_topic.1', payload: '["array", "of", "values"]' },
    ],
    ['[2022-01-02T03:04:05 | my-fancy_topic.1 | 123] {}', { timestamp: TIME, key: 'my-fancy_topic.1', sequence: 123n, payload: '{}' }],
    ['[2022-01-02T03:04:05 | t | 123 | 4] {}', { timestamp: TIME, key: 't', sequence: 123n, shard: 4n, payload: '{}' }],
    ['[my-fancy_topic.1] {}', { key: 'my-fancy_topic.1', payload: '{}' }],
    ['[my-fancy_topic.1 | 123] []', { key: 'my-fancy_topic.1', sequence: 123n, payload: '[]' }],
    ['[my-fancy_topic.1 | 123 | 4] {}', { key: 'my-fancy_topic.1', sequence: 123n, shard: 4n, payload: '{}' }],
    ['[2022-01-02T03:04:05] 12345', { timestamp: TIME, payload: '12345' }],
    ['[a|1|2]x', { key: 'a', sequence: 1n, shard: 2n, payload: 'x' }],
    ['[a]   x ', { key: 'a', payload: '  x ' }],
    ['[a]', { key: 'a', payload: '' }],
    ['[a | 18446744073709551615]', { key: 'a', sequence: 2n ** 64n - 1n, payload: '' }],
    ['[2022-01-02T03:04:05.000000001 | a] x', { timestamp: TIME, key: 'a', payload: 'x' }],
    ['', { payload: '' }],
  ])('%s', (line, expected) => {
    expect(parseStreamLine(line)).toEqual(expected)
  })

  it.each([
    '["a"]',
    '["array", "of", "values"]',
    '[1, 2]',
    '[]',
    '[',
    '[{"a": [1]}]',
    '[a b] x',
    '[a | b] x',
    '[a | -1] x',
    '[a | 18446744073709551616] x',
    '[a | 1 | 2 | 3] x',
    '[| a] x',
    '[2022-02-31T00:00:00] x',
    '[2022-01-02T25:00:00] x',
    '[2022-01-02 03:04:05] x',
    `[${'k'.repeat(250)}] x`,
    ' [a] x',
  ])('a payload: %s', (line) => {
    expect(parseStreamLine(line)).toEqual({ payload: line })
  })

  it.each(['[ ]', '[   ] x'])('an error: %s', (line) => {
    expect(() => parseStreamLine(line)).toThrow(/the head of a line is empty/)
  })
})

describe('a line is written', () => {
  it.each<[line: StreamLine, expected: string]>([
    [{ timestamp: TIME, key: 'a', sequence: 1n, shard: 0n, payload: 'x' }, '[2022-01-02T03:04:05 | a | 1 | 0] x'],
    [{ timestamp: TIME + 60, payload: '[x]' }, '[2022-01-02T03:04:05.060] [x]'],
    [{ key: 'a', payload: '' }, '[a]'],
    [{ payload: '["a"]' }, '["a"]'],
  ])('%#', (line, expected) => {
    expect(formatStreamLine(line)).toBe(expected)
  })

  it.each<[line: StreamLine, problem: RegExp]>([
    [{ payload: 'a\nb' }, /has a line end: "a\\nb"\. Pass escapeLineEnds: true/],
    [{ payload: '[a] x' }, /looks like a head/],
    [{ payload: '[ ]' }, /looks like a head/],
    [{ sequence: 1n, payload: '' }, /a sequence needs a key/],
    [{ key: 'a', shard: 1n, payload: '' }, /a shard needs a sequence/],
    [{ key: 'a b', payload: '' }, /not the key of a stream/],
    [{ key: 'a', sequence: 2n ** 64n, payload: '' }, /not in 64 bits/],
    [{ timestamp: 0.5, payload: '' }, /no timestamp in whole milliseconds/],
    [{ timestamp: 8.64e15, payload: '' }, /between the years 0 and 9999/],
  ])('not at all: %#', (line, problem) => {
    expect(() => formatStreamLine(line)).toThrow(problem)
  })

  const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
  const key = fc.string({ unit: fc.constantFrom(...'aZ09._-'), minLength: 1, maxLength: 249 })
  const timestamp = fc.integer({ min: Date.UTC(-1, 12), max: Date.UTC(9999, 11, 31) })
  const head = fc.oneof(
    fc.record({ timestamp }),
    fc.record({ key, timestamp }, { requiredKeys: ['key'] }),
    fc.record({ key, sequence: u64, timestamp }, { requiredKeys: ['key', 'sequence'] }),
    fc.record({ key, sequence: u64, shard: u64, timestamp }, { requiredKeys: ['key', 'sequence', 'shard'] }),
  )

  it('so that it is read as it was, with line ends escaped', () => {
    const payload = fc.string({ unit: fc.constantFrom('a', ' ', '[', ']', '|', '\\', 'n', 'r', '\n', '\r', 'ä', '😀') })
    fc.assert(
      fc.property(head, payload, (head, payload) => {
        const line = formatStreamLine({ ...head, payload }, { escapeLineEnds: true })
        expect(line).not.toMatch(/[\n\r]/)
        expect(parseStreamLine(line, { escapeLineEnds: true })).toEqual({ ...head, payload })
      }),
    )
  })

  it('so that it is read as it was, with backslashes as they are', () => {
    const payload = fc.string({ unit: fc.constantFrom('a', ' ', '[', ']', '|', '\\', 'n', '"') })
    fc.assert(
      fc.property(head, payload, (head, payload) => {
        expect(parseStreamLine(formatStreamLine({ ...head, payload }))).toEqual({ ...head, payload })
      }),
    )
  })

  it('for every text: it is read as something, and written as it was read', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '1', ' ', '[', ']', '|', '-', '2022-01-02T03:04:05', '"') })
    fc.assert(
      fc.property(text, (text) => {
        fc.pre(!/^\[\s+\]/.test(text))
        const line = parseStreamLine(text)
        if (Object.keys(line).length > 1) expect(parseStreamLine(formatStreamLine(line))).toEqual(line)
        else expect(formatStreamLine(line)).toBe(text)
      }),
    )
  })

  it('and an unknown escape is an error', () => {
    expect(() => parseStreamLine('[a] C:\\temp', { escapeLineEnds: true })).toThrow(/\\t means nothing/)
    expect(() => parseStreamLine('a\\', { escapeLineEnds: true })).toThrow(/means nothing/)
  })
})
