import { describe, expect, it } from 'vitest'
import { allFields, bytesField, jsonField, textField } from './redis-entry.ts'

const entryOf = (...fields: string[]) => ({ stream: 'in', id: '1-0', fields })

describe('the decoders', () => {
  it('find the field by its name, not by a value that looks like it', () => {
    expect(textField()(entryOf('other', 'value', 'value', 'right'))).toBe('right')
    expect(textField('a')(entryOf('b', 'a', 'a', ''))).toBe('')
    expect(() => textField()(entryOf('other', 'value'))).toThrow(expect.objectContaining({ code: 'ERR_RECORD_INVALID' }))
  })

  it('read JSON and say where it is wrong', () => {
    expect(jsonField<{ a: number }>('j')(entryOf('j', '{"a":1}'))).toEqual({ a: 1 })
    expect(() => jsonField('j')(entryOf('j', '{'))).toThrow(/the field "j" is not valid JSON/)
  })

  it('give bytes as they are', () => {
    const bytes = Buffer.from([255, 0])
    expect(bytesField()({ stream: 'in', id: '1-0', fields: [Buffer.from('value'), bytes] })).toBe(bytes)
  })

  it('give all fields, also one that is called __proto__', () => {
    const all = allFields()(entryOf('a', '1', '__proto__', 'x', 'a', '2'))
    expect(Object.entries(all)).toEqual([
      ['a', '2'],
      ['__proto__', 'x'],
    ])
    expect(Object.getPrototypeOf(all)).toBe(Object.prototype)
  })
})
