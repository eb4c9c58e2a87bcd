import type { Source } from '@malstrom/core'
import { expectTypeOf, it } from 'vitest'
import { stdioScheme } from '../url/file-schemes.ts'
import type { FilePosition } from './file-position.ts'
import { stdinCsv, stdinLines, stdinNdjson } from './stdin.ts'
import { textFile } from './text-file.ts'

it('only what is read line by line has groups', () => {
  expectTypeOf(stdinLines({ group: 'a', onInvalid: 'skip' })).toEqualTypeOf<Source<string, number, string, FilePosition>>()
  expectTypeOf(stdinNdjson<{ a: 1 }>({ group: 'a' })).toEqualTypeOf<Source<{ a: 1 }, number, string, FilePosition>>()
  stdioScheme({ group: 'a' })
  // @ts-expect-error CSV has a header
  stdinCsv({ group: 'a' })
  // @ts-expect-error a group has a name
  stdinLines({ group: 1 })
  // @ts-expect-error a file is read by its partitions
  textFile('a', { group: 'a' })
})

it('what is invalid fails or is left out', () => {
  textFile('a', { onInvalid: 'skip' })
  // @ts-expect-error there is no other policy
  textFile('a', { onInvalid: 'ignore' })
  // @ts-expect-error not for CSV
  stdinCsv({ onInvalid: 'skip' })
  // @ts-expect-error streams come from the URL
  stdioScheme({ keys: ['a'] })
})
