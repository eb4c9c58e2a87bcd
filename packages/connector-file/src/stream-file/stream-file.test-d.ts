import type { Source } from '@malstrom/core'
import { expectTypeOf, it } from 'vitest'
import { type FilePosition, type StreamMessage, sourceFromUrl, streamFile } from '../index.ts'

it('a stream file is a source of messages, wherever it begins and however it is divided', () => {
  const source = streamFile('a.ss', { start: { sequence: 5n }, shares: { count: 2, by: 'shard' } })
  expectTypeOf(source).toEqualTypeOf<Source<StreamMessage, number, string, FilePosition>>()
  streamFile(['a.ss', 'b.ss'], { start: 'end', follow: true })
  // @ts-expect-error sequences are of 64 bits
  streamFile('a.ss', { start: { sequence: 5 } })
  // @ts-expect-error there is no such place
  streamFile('a.ss', { start: 'middle' })
  // @ts-expect-error shares are dealt out in one way or the other
  streamFile('a.ss', { shares: { count: 2 } })
  // @ts-expect-error keys of messages are not what shares are made by
  streamFile('a.ss', { shares: { count: 2, by: 'key' } })
  // @ts-expect-error a URL says nothing of shares
  sourceFromUrl('file://./a.ss/', { shares: { count: 2, by: 'shard' } })
})
