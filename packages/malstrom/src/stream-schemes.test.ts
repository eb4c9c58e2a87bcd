import { expect, it } from 'vitest'
import { optionalPackage } from './cli/optional-package.ts'
import { sinkFromUrl, sourceFromUrl, streamSchemes } from './index.ts'

it('every scheme can be read and written', async () => {
  const schemes = await streamSchemes()
  expect(Object.keys(schemes)).toEqual(['file', 'stdio', 'kafka', 'redis', 'rediss'])
  for (const url of ['file://./a.ss/x', 'stdio:///x', 'kafka://a/x', 'redis://a/x', 'rediss://a/x']) {
    expect(sourceFromUrl(url, {}, schemes)).toHaveProperty('time')
    expect(sinkFromUrl(url, {}, schemes)).toHaveProperty('openPartition')
  }
  expect(() => sourceFromUrl('redsi://a/x', {}, schemes)).toThrow(/Did you mean redis\?/)
})

it('a package that is missing is named, with the command that installs it', async () => {
  await expect(optionalPackage('@malstrom/connector-nothing', 'A URL of nothing')).rejects.toMatchObject({
    code: 'ERR_DEPENDENCY_MISSING',
    message: expect.stringMatching(
      /^A URL of nothing needs the package @malstrom\/connector-nothing\. .*npm install @malstrom\/connector-nothing/,
    ),
  })
})
