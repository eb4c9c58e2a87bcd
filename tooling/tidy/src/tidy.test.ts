import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readRepository } from './repository.ts'
import { ERROR_CODES, ERROR_DOCS, errorDocs } from './rules/error-docs.ts'
import { rules } from './rules/index.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const repository = readRepository(root)

describe('the rules of this repository', () => {
  it.each(Object.entries(rules))('%s', (_, rule) => {
    expect(rule(repository)).toEqual([])
  })

  it('every error code is explained in the docs, and no other', (context) => {
    for (const needed of [ERROR_CODES, ERROR_DOCS]) {
      if (!repository.files.some(({ path }) => path === needed)) context.skip(`${needed} does not exist yet`)
    }
    expect(errorDocs(repository)).toEqual([])
  })
})
