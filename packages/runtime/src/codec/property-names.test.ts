import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeValue, encodeValue } from './columns.ts'

/** Few letters, within and beyond one byte, so that names share length, first and last letter: lengths on both sides of each bound. */
const name = fc
  .tuple(fc.constantFrom(0, 1, 2, 3, 23, 24, 25, 31, 32, 33, 40), fc.array(fc.constantFrom('a', 'b', 'é', '\u0100'), { minLength: 1 }))
  .map(([length, letters]) => Array.from({ length }, (_, index) => letters[index % letters.length]).join(''))

it('names of properties and texts come back as they were, whichever came before (property test)', () => {
  fc.assert(
    fc.property(fc.array(fc.dictionary(name, name), { maxLength: 8 }), (objects) => {
      for (const object of objects) expect(decodeValue(encodeValue(object))).toEqual({ ...object })
      expect(decodeValue(encodeValue(objects, 7), 1)).toEqual(objects.map((object) => ({ ...object })))
    }),
    { numRuns: 300 },
  )
})
