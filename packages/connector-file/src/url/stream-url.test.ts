import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { onlyStreamKey, parseStreamerUri, parseStreamUrl, type StreamUrl, urlText, withoutCredentials } from './stream-url.ts'

const url = (scheme: string | undefined, addresses: readonly string[], keys: readonly string[]): StreamUrl => ({
  scheme,
  nodes: addresses.map((address) => ({ address })),
  keys,
})

describe('a stream URL', () => {
  it.each<[text: string, expected: StreamUrl]>([
    ['proto://sea-ql.org:1234/', url('proto', ['sea-ql.org:1234'], [])],
    ['proto://sea-ql.org:1234/stream', url('proto', ['sea-ql.org:1234'], ['stream'])],
    ['proto://sea-ql.org:1234/a,b', url('proto', ['sea-ql.org:1234'], ['a', 'b'])],
    ['kafka://node-a:1234,node-b:1234/a,b', url('kafka', ['node-a:1234', 'node-b:1234'], ['a', 'b'])],
    ['stdio:///', url('stdio', ['.'], [])],
    ['stdio:///a,b', url('stdio', ['.'], ['a', 'b'])],
    ['redis://localhost/', url('redis', ['localhost'], [])],
    ['redis://localhost/a,b', url('redis', ['localhost'], ['a', 'b'])],
    ['rediss://[::1]:6379/a', url('rediss', ['[::1]:6379'], ['a'])],
    ['file://./path/to/hi/a,b', url('file', ['./path/to/hi'], ['a', 'b'])],
    ['file://./path/to/hi/', url('file', ['./path/to/hi'], [])],
    ['file:///abs/x.ss/key', url('file', ['/abs/x.ss'], ['key'])],
    ['file://./a@b/x.ss/', url('file', ['./a@b/x.ss'], [])],
    ['host:1234/a', url(undefined, ['host:1234'], ['a'])],
    ['KAFKA://,a,,b,/My_Topic.1-x', url('kafka', ['a', 'b'], ['My_Topic.1-x'])],
    [`kafka://a/${'k'.repeat(249)}`, url('kafka', ['a'], ['k'.repeat(249)])],
  ])('%s', (text, expected) => {
    expect(parseStreamUrl(text)).toEqual(expected)
  })

  it.each<[text: string, problem: RegExp]>([
    ['proto://sea-ql.org:1234', /no "\/" before the streams\. Write proto:\/\/sea-ql\.org:1234\/ for all/],
    ['redis://localhost', /no "\/" before the streams/],
    ['stdio://', /no "\/" before the streams/],
    ['', /has no scheme, and no "\/" before the streams\. Write file:\/\/\.\/path\/file\.ss\/ for a file/],
    ['b.ss', /has no scheme, and no "\/"/],
    ['host:1234', /no "\/" before the streams\. Write host:1234\/ for all/],
    ['file:./a.ss/', /behind a scheme stands :\/\/\. Write file:\/\/\.\/a\.ss\//],
    ['kafka:/a', /Write kafka:\/\/\/a/],
    ['kafka://a:65536/b', /what follows a : is no port/],
    ['proto://sea-ql.org:1234/stream?', /"stream\?" is not the key of a stream/],
    ['kafka://a/b,,c', /a stream has no name/],
    ['kafka://a/b,', /a stream has no name/],
    ['kafka://a/,', /a stream has no name/],
    [`kafka://a/${'k'.repeat(250)}`, /is not the key of a stream\. A key is 1 to 249/],
    ['kafka://a/ö', /"ö" is not the key/],
    ['/a', /neither a scheme nor a node/],
    ['kafka://,/a', /only commas/],
    ['ka fka://a/b', /before :\/\/ is no scheme/],
    ['://a/b', /before :\/\/ is no scheme/],
    ['file://./a b.ss/', /space in it\. Write %20/],
    ['redis://user@/a', /no host after the @/],
    ['redis://a:b:c@host/a', /Write %2C, %2F, %3A and %40/],
    ['redis://a:b/c@host/a', /Write %2C, %2F, %3A and %40/],
    ['redis://a:b,c@host/a', /what follows a : is no port/],
    ['redis://host:/a', /what follows a : is no port/],
    ['redis://a:b@host/a@b', /Write %2C/],
    ['redis://a:%zz@host/a', /Write %25 for a %/],
  ])('%s is an error', (text, problem) => {
    expect(() => parseStreamUrl(text)).toThrow(
      expect.objectContaining({ code: 'ERR_OPERATOR_ARGUMENT', message: expect.stringMatching(problem) }),
    )
  })

  it('has one stream where one is needed', () => {
    expect(onlyStreamKey(parseStreamUrl('kafka://a/b'))).toBe('b')
    expect(() => onlyStreamKey(parseStreamUrl('kafka://a/b,c'))).toThrow(/it names 2 streams\. Name one/)
    expect(() => onlyStreamKey(parseStreamUrl('kafka://a/'))).toThrow(/it names 0 streams/)
  })
})

describe('a streamer URI', () => {
  it.each([
    ['sea-ql.org:1234', undefined, ['sea-ql.org:1234']],
    ['kafka://localhost:9092', 'kafka', ['localhost:9092']],
    ['redis://localhost:6379', 'redis', ['localhost:6379']],
    ['redis://localhost', 'redis', ['localhost']],
    ['stdio://', 'stdio', ['.']],
    ['file://./path/to/hi', 'file', ['./path/to/hi']],
    ['file:///path/to/hi', 'file', ['/path/to/hi']],
  ])('%s', (text, scheme, addresses) => {
    const uri = parseStreamerUri(text)
    expect(uri).toEqual({ scheme, nodes: addresses.map((address) => ({ address })) })
    expect(urlText(uri)).toBe(text)
  })

  it('that is empty is an error', () => {
    expect(() => parseStreamerUri('')).toThrow(/neither a scheme nor a node/)
  })
})

describe('a user and a password', () => {
  it('are read, and never shown', () => {
    const parsed = parseStreamUrl('redis://ann:p%40ss%2F%3A@a:1,bob@b:2,:secret@c/x')
    expect(parsed.nodes).toEqual([
      { address: 'a:1', user: 'ann', password: 'p@ss/:' },
      { address: 'b:2', user: 'bob' },
      { address: 'c', user: '', password: 'secret' },
    ])
    expect(urlText(parsed)).toBe('redis://ann:***@a:1,bob@b:2,:***@c/x')
  })

  it('are in no error, whatever is wrong', () => {
    // With both a comma and an @ a password is a list of nodes, and nothing can tell.
    const parts = (...characters: string[]) => {
      const part = fc.string({ unit: fc.constantFrom('a', '/', ':', '%', ' ', '?', '#', ...characters), maxLength: 8 })
      return fc.tuple(part, part, part)
    }
    const property = fc.property(fc.oneof(parts(','), parts('@')), fc.constantFrom('redis://', ''), ([before, after, tail], scheme) => {
      // Then `user` is the scheme, and the rest the name of a user.
      fc.pre(scheme !== '' || !before.startsWith('//'))
      const text = `${scheme}user:${before}SECRET${after}@host${tail}`
      try {
        expect(urlText(parseStreamUrl(text))).not.toContain('SECRET')
      } catch (thrown) {
        expect(String(thrown)).not.toContain('SECRET')
      }
      expect(withoutCredentials(text)).not.toContain('SECRET')
    })
    fc.assert(property, { numRuns: 2000 })
  })
})

it('the text of a URL is read as the same URL', () => {
  const address = fc.stringMatching(/^[a-z][a-z0-9.-]{0,10}(:[0-9]{1,4})?$/)
  const key = fc.string({ unit: fc.constantFrom(...'aZ09._-'), minLength: 1, maxLength: 249 })
  const scheme = fc.constantFrom('kafka', 'redis', 'file', 's3+x')
  const property = fc.property(scheme, fc.array(address, { minLength: 1 }), fc.array(key), (scheme, addresses, keys) => {
    const parsed = url(scheme, addresses, keys)
    expect(parseStreamUrl(urlText(parsed))).toEqual(parsed)
  })
  fc.assert(property)
})
