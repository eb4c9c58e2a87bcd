import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RedisRefusal } from './redis-port.ts'
import { ReplyDecoder } from './reply-decoder.ts'

type Reply = string | number | null | RedisRefusal | readonly Reply[]

/** As the protocol says it, one value after the other. */
function encoded(reply: Reply): Buffer {
  if (reply === null) return Buffer.from('$-1\r\n')
  if (typeof reply === 'number') return Buffer.from(`:${reply}\r\n`)
  if (reply instanceof RedisRefusal) return Buffer.from(`-${reply.message}\r\n`)
  if (typeof reply !== 'string') return Buffer.concat([Buffer.from(`*${reply.length}\r\n`), ...reply.map(encoded)])
  return Buffer.concat([Buffer.from(`$${Buffer.byteLength(reply)}\r\n`), Buffer.from(reply), Buffer.from('\r\n')])
}

function decode(chunks: readonly Buffer[], bytes = false): unknown[] {
  const replies: unknown[] = []
  const decoder = new ReplyDecoder(
    () => bytes,
    (reply) => void replies.push(reply),
  )
  for (const chunk of chunks) decoder.write(chunk)
  return replies
}

/** Cut at places between 0 and 1. */
function cut(all: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => Math.floor(place * all.length)), all.length].sort((a, b) => a - b)
  return ends.map((end, i) => all.subarray(ends[i - 1] ?? 0, end))
}

const replies = fc.letrec<{ reply: Reply }>((tie) => ({
  reply: fc.oneof(
    { depthSize: 'small' },
    // Some short ones come again and again, as names do.
    fc.constantFrom('', 'value', 'valuf', 'vblue', 'größe', 'größf'),
    fc.string({ unit: 'binary', maxLength: 40 }).map((text) => Buffer.from(text).toString()),
    fc.integer(),
    fc.constant(null),
    fc.constant(new RedisRefusal('WRONGTYPE no stream')),
    fc.array(tie('reply'), { maxLength: 6 }),
  ),
})).reply

describe('replies', () => {
  it('come out as they were, wherever their bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(replies, { maxLength: 5 }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 }),
        (all, places) => {
          expect(decode(cut(Buffer.concat(all.map(encoded)), places))).toEqual(all)
        },
      ),
    )
  })

  it('come out as they were when each byte comes alone', () => {
    const all: Reply[] = ['x'.repeat(100), [['1-0', ['value', 'größe']], null, []], -12, new RedisRefusal('ERR no'), '']
    expect(decode([...Buffer.concat(all.map(encoded))].map((byte) => Buffer.from([byte])))).toEqual(all)
  })

  it('have texts as buffers where that is wanted', () => {
    const bytes = Buffer.from([0xff, 0x0d, 0x0a, 0x00])
    const chunk = Buffer.concat([Buffer.from('*3\r\n$4\r\n'), bytes, Buffer.from('\r\n$5\r\nvalue\r\n:7\r\n')])
    expect(decode([chunk], true)).toEqual([[bytes, Buffer.from('value'), 7]])
  })

  it('may be states, and arrays that are not there', () => {
    expect(decode([Buffer.from('+OK\r\n*-1\r\n*0\r\n')])).toEqual(['OK', null, []])
  })

  it('are nothing else', () => {
    expect(() => decode([Buffer.from('HTTP/1.1 400 Bad Request\r\n')])).toThrow(/does not answer as a Redis/)
  })
})
