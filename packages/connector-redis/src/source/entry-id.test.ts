import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareEntryIds, entryIdBefore, entryTime, FIRST_ID, parseEntryId } from './entry-id.ts'

const part = fc.oneof(fc.bigInt(0n, 20n), fc.bigInt(2n ** 53n - 2n, 2n ** 53n + 2n), fc.bigInt(2n ** 64n - 3n, 2n ** 64n - 1n))
const id = fc.tuple(part, part).map((parts) => parts.join('-'))
const numberOf = (text: string) => {
  const [milliseconds = 0n, sequence = 0n] = text.split('-').map(BigInt)
  return milliseconds * 2n ** 64n + sequence
}

describe('an entry id', () => {
  it.each([
    ['0-0', '0-0'],
    ['5', '5-0'],
    ['0001-02', '1-2'],
    ['1526919030474-55', '1526919030474-55'],
    ['18446744073709551615-18446744073709551615', '18446744073709551615-18446744073709551615'],
  ])('%s is read as %s', (text, parsed) => expect(parseEntryId(text)).toBe(parsed))

  it.each([
    '',
    '-',
    '5-',
    '-5',
    '$',
    '>',
    '*',
    '5-*',
    '+',
    '1-2-3',
    ' 5-0',
    '5-0 ',
    '1.5-0',
    '-1-0',
    '0x5-0',
    '18446744073709551616-0',
    '0-18446744073709551616',
  ])('"%s" is none', (text) => expect(parseEntryId(text)).toBeUndefined())

  it('is ordered as the two numbers are, however large', () => {
    fc.assert(
      fc.property(id, id, (a, b) => {
        const wanted = numberOf(a) - numberOf(b)
        expect(Math.sign(compareEntryIds(a, b))).toBe(wanted > 0n ? 1 : wanted < 0n ? -1 : 0)
      }),
    )
  })

  it('has exactly one before it, unless it is the first', () => {
    fc.assert(
      fc.property(id, (id) => {
        expect(numberOf(entryIdBefore(id))).toBe(id === FIRST_ID ? 0n : numberOf(id) - 1n)
      }),
    )
  })

  it.each(['1526919030474-55', '0-0', '7-1', '123456789012345-0', '999999999999999999-1', '18446744073709551615-7'])(
    '%s tells its time',
    (id) => expect(entryTime(id)).toBe(Number.parseInt(id, 10)),
  )
})
