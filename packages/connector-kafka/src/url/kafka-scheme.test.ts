import { inspect } from 'node:util'
import { fileSchemes, type StreamSchemes, sinkFromUrl, sourceFromUrl } from '@malstrom/connector-file'
import { describe, expect, it } from 'vitest'
import { kafkaScheme, kafkaSchemes } from './kafka-scheme.ts'

const schemes: StreamSchemes = { ...fileSchemes, ...kafkaSchemes }

it('a URL of Kafka is read and written, with its credentials nowhere to be seen', () => {
  const url = 'kafka://ann:p%40ss@a:9092,b/orders'
  const shown = inspect([sourceFromUrl(url, {}, schemes), sinkFromUrl(url, { delivery: 'exactly-once' }, schemes)], { depth: 9 })
  expect(shown).not.toMatch(/p@ss|p%40ss/)
  expect(sourceFromUrl('kafka://[::1]/orders,returns', { start: { timestamp: 1 } }, schemes).time.compare(1, 2)).toBe(-1)
})

describe('a URL of Kafka that cannot be used says why, and no password', () => {
  it.each<[url: string, problem: RegExp]>([
    ['kafka://a/', /"kafka:\/\/a\/" cannot be used: it names (no topic|0 topics)/],
    ['kafka:///orders', /"kafka:\/\/\/orders" cannot be used: a broker is host or host:port/],
    ['kafka://a/path/orders', /a broker is host or host:port/],
    ['kafka://ann:secret@a,bob:secret@b/orders', /its nodes have different users or passwords/],
    ['kafka://ann@a/orders', /a user has a password/],
    ['kafka://:secret@a/orders', /a user has a password/],
  ])('%s', (url, problem) => {
    for (const use of [() => sourceFromUrl(url, {}, schemes), () => sinkFromUrl(url, {}, schemes)]) {
      expect(use).toThrow(expect.objectContaining({ code: 'ERR_OPERATOR_ARGUMENT', message: expect.stringMatching(problem) }))
      expect(use).not.toThrow(/secret/)
    }
  })

  it('also where only reading or writing is the problem', () => {
    expect(() => sinkFromUrl('kafka://a/x,y', {}, schemes)).toThrow(/it names 2 topics/)
    expect(() => sourceFromUrl('kafka://a/x,x', {}, schemes)).toThrow(/topic "x" is given twice/)
    expect(() => sourceFromUrl('kafka://a/x', { start: { timestamp: 0.5 } }, schemes)).toThrow(/start is/)
    const kafka = kafkaScheme({ ssl: true, sasl: { mechanism: 'plain', username: 'ann', password: 'secret' } })
    const twice = () => sourceFromUrl('kafka://bob:secret@a/x', {}, { kafka })
    expect(twice).toThrow(/it has a user, and so has the scheme/)
    expect(twice).not.toThrow(/secret/)
  })
})

it('takes what a URL cannot say, as the README does', () => {
  const kafka = kafkaScheme({ ssl: true, sasl: { mechanism: 'scram-sha-256', username: 'ann', password: process.env.PASSWORD ?? '' } })
  const orders = sourceFromUrl('kafka://kafka-1:9093,kafka-2:9093/orders', { start: 'end' }, { ...fileSchemes, kafka })
  expect(orders).toHaveProperty('discoveryMs')
})
