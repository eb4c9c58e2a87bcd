import { inspect } from 'node:util'
import { fileSchemes, type StreamSchemes, sinkFromUrl, sourceFromUrl } from '@malstrom/connector-file'
import { describe, expect, it } from 'vitest'
import { redisScheme, redisSchemes } from './redis-scheme.ts'

const schemes: StreamSchemes = { ...fileSchemes, ...redisSchemes }

it('a URL of Redis is read and written', async () => {
  expect(await sourceFromUrl('redis://ann:secret@a/x,y', {}, schemes).listPartitions()).toEqual(['x', 'y'])
  expect(await sourceFromUrl('rediss://[::1]:7000,b/x', { start: 'end' }, schemes).listPartitions()).toEqual(['x'])
  const message = { key: 'of-its-own', payload: 'p' }
  expect(sinkFromUrl('redis://a/x', {}, schemes).partitionOf?.(message, undefined, 0)).toBe('x')
  expect(sinkFromUrl('redis://a/', { delivery: 'exactly-once' }, schemes).partitionOf?.(message, undefined, 0)).toBe('of-its-own')
  // Not even to somebody who looks closely.
  expect(inspect([sourceFromUrl('redis://ann:secret@a/x', {}, schemes), sinkFromUrl('redis://ann:secret@a/x', {}, schemes)])).not.toMatch(
    /secret/,
  )
})

describe('a URL of Redis that cannot be used says why, and no password', () => {
  it.each<[url: string, problem: RegExp]>([
    ['redis:///x', /"redis:\/\/\/x" cannot be used: a server is host or host:port/],
    ['rediss://ann:secret@a,bob:secret@b/x', /"rediss:\/\/a,b\/x" cannot be used: its nodes have different users or passwords/],
    ['redis://a/0/x', /a server is host or host:port/],
  ])('%s', (url, problem) => {
    for (const use of [() => sourceFromUrl(url, {}, schemes), () => sinkFromUrl(url, {}, schemes)]) {
      expect(use).toThrow(expect.objectContaining({ code: 'ERR_OPERATOR_ARGUMENT', message: expect.stringMatching(problem) }))
      expect(use).not.toThrow(/secret/)
    }
  })

  it('also where only reading or writing is the problem', () => {
    expect(() => sourceFromUrl('redis://a/', {}, schemes)).toThrow(/it names no stream/)
    expect(() => sinkFromUrl('redis://a/x,y', {}, schemes)).toThrow(/it names 2 streams/)
    expect(() => sourceFromUrl('redis://a/x', { start: { timestamp: -1 } }, schemes)).toThrow(/start: 'earliest'/)
  })
})

it('takes what a URL cannot say, as the README does', () => {
  const redis = redisScheme({ redis: { db: 2 }, field: 'msg', trim: { maxLength: 1_000_000 } })
  const sink = sinkFromUrl('redis://localhost/clicks', { delivery: 'exactly-once' }, { ...fileSchemes, redis })
  expect(sink.stateless).toBe(false)
})
